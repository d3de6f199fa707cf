/** What keeps a kind of sender from proving to whom it talks, by the findings that say so. */
import type { CheckReport } from '../../events/check-report.ts';
import type { CheckId } from '../../findings/catalogue.ts';
import type { Sender } from '../../findings/senders.ts';
import { policyFaults } from './causes.ts';
import { isProblem, repairsOf } from './repairs.ts';

/** What a sender looks at, and the checks that have to be in order for it, in the order in which they are dealt with. */
const required: Readonly<Partial<Record<Sender, readonly CheckId[]>>> = {
  'postfix-dane': [
    'dnssec.bogus',
    'dnssec.ds-mismatch',
    'dnssec.unsigned',
    'dnssec.island',
    'dnssec.mx-zone-unsigned',
    'dnssec.mx-zone-bogus',
    'dnssec.address-insecure',
    'dnssec.cname-insecure',
    'dnssec.denial-broken',
    'dnssec.ent-nxdomain',
    'dane.no-starttls',
    'dane.wrong-owner-name',
    'dane.none',
    'dane.insecure',
    'dane.malformed',
    'dane.unusable',
    'dane.partial-mx',
    'dane.dead-mx',
    'dane.mismatch',
    'dane.mismatch-ip',
    'dane.ta-not-in-chain',
    'dane.ta-name-mismatch',
    'dane.ta-expired',
  ],
  'mta-sts': [
    'mtasts.none',
    'mtasts.mx-uncovered',
    'mtasts.mx-all-uncovered',
    'mtasts.mx-no-starttls',
    'mtasts.mx-tls-too-old',
    'mtasts.mx-cert-invalid',
    ...policyFaults,
  ],
  requiretls: ['smtp.ext.requiretls'],
};

/** With the number of the repair that deals with it, where it is one. */
export interface Need {
  readonly id: string;
  readonly repair: number | undefined;
}

/** Nothing where the sender has all that it needs, or nothing that was found says why not. */
export function needsOf({ findings }: CheckReport, sender: Sender): readonly Need[] {
  const wanted = required[sender] ?? [];
  const open = new Set<string>(findings.filter(isProblem).map(({ id }) => id));
  const repairs = repairsOf(findings);
  return wanted
    .filter((id) => open.has(id))
    .map((id) => {
      const index = repairs.findIndex(({ finding, consequences }) =>
        [finding, ...consequences.map((one) => one.finding)].some((one) => one.id === id),
      );
      return { id, repair: index < 0 ? undefined : index + 1 };
    });
}
