/**
 * What one question may cost. Zones can be made so that checking them takes hours: with keys and signatures that share
 * a tag (KeyTrap, CVE-2023-50387), with hashes to be computed over and over (CVE-2023-50868), with chains of zones.
 *
 * Where a budget is used up nothing is proven, and what is not proven where it should be is bogus.
 */
export interface Budget {
  /** Signatures to be checked. */
  verifications: number;
  /** Digests of keys to be computed. */
  digests: number;
  /** Rounds of the hash of NSEC3 to be computed. */
  iterations: number;
  /** Questions to be asked, and zones to be looked into. */
  questions: number;
  /** What looking into zones may cost in all, in checks of signatures. */
  zones: number;
}

/** Checks of signatures that one set of records is worth. */
export const VERIFICATIONS_PER_SET = 8;
/** Keys of one zone that share tag and algorithm and are tried all the same. */
export const KEYS_PER_TAG = 4;
/**
 * Labels that the apex of a zone may have which is believed to have signed something: as many as an address has in
 * ip6.arpa. It bounds the way up to the anchor by the name alone, so that what is kept for all does not depend on who asked.
 */
export const MOST_LABELS = 34;
/** Rounds of the hash that cost about as much as one check of a signature. */
const ITERATIONS_PER_VERIFICATION = 50;

/** For one question with all that its aliases lead to; zones that it makes known have their own. */
export function budgetOfQuestion(): Budget {
  return { verifications: 32, digests: 0, iterations: 5000, questions: 64, zones: 160 };
}

/** For finding out about one name whether a zone begins there, and with which keys. */
export function budgetOfZone(): Budget {
  // Questions for the way up to the anchor, two for each zone, and as many again.
  return { verifications: 16, digests: 16, iterations: 2500, questions: 128, zones: 160 };
}

/** Takes from a budget. @returns false where there is not enough left; then nothing is taken. */
export function spend(budget: Budget, what: keyof Budget, amount = 1): boolean {
  if (budget[what] < amount) return false;
  budget[what] -= amount;
  return true;
}

/** Charges to whoever started it what a zone has cost; that may be more than there was. */
export function charge(starter: Budget, spent: Budget): void {
  const all = budgetOfZone();
  starter.questions -= all.questions - spent.questions;
  starter.zones -=
    all.zones -
    spent.zones +
    (all.verifications - spent.verifications) +
    (all.iterations - spent.iterations) / ITERATIONS_PER_VERIFICATION;
}
