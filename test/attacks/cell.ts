/** What the suite is made of: one cell is one way of attack on one protocol in one role. */
import type { Protocol } from './dialect.ts';

/**
 * `client`: the library, `waxwing/starttls`. `reverse`: the gateway before a server that has STARTTLS. `server`: our
 * server's side of the upgrade. `front`: the gateway before a server without TLS. `relay`: mail, in and out.
 */
export const roles = ['client', 'reverse', 'server', 'front', 'relay'] as const;

export type Role = (typeof roles)[number];

/**
 * How an attack ended; `hit` says what the attacker got. `stopped`: it should have gone on unharmed and did not, so nothing
 * is shown.
 */
export type Verdict =
  | { readonly kind: 'withstood' }
  | { readonly kind: 'hit'; readonly how: string }
  | { readonly kind: 'stopped'; readonly because: string };

export const withstood: Verdict = { kind: 'withstood' };

export interface Cell {
  readonly role: Role;
  readonly protocol: Protocol;
  /** The way of attack, in words. */
  readonly how: string;
  /** Attacks us. */
  readonly ours: () => Promise<Verdict>;
  /** Attacks something that is weak on purpose, by the same means, and judges it by the same rule. */
  readonly twin: () => Promise<Verdict>;
  /** Attacks the same without its weakness, where there is such a one: the weakness alone makes the difference. */
  readonly sound?: () => Promise<Verdict>;
}

/** A class of attacks. */
export interface Attack {
  /** As in the table, and the name of its file. */
  readonly name: string;
  readonly cells: readonly Cell[];
  /** Why it does not concern a protocol in a role, in a few words; asked where there is no cell. */
  readonly without: (role: Role, protocol: Protocol) => string;
}

/** How many are tried at once; most of their time is waiting. */
export const AT_ONCE = 24;

/** On a busy machine a scene may not come about in time, or an attack come too late. */
const TRIES = 3;

/** Tries an attack on us, on the twin, and on the twin without its weakness. @returns what is wrong. */
export async function faultOf({ ours, twin, sound }: Cell): Promise<string | undefined> {
  // Who is hit is hit, however busy the machine; what shows nothing is tried again.
  const own = await tried(ours, ({ kind }) => kind !== 'stopped');
  if (own.kind !== 'withstood') return `ours: ${JSON.stringify(own)}`;
  const convicted = await tried(twin, ({ kind }) => kind === 'hit');
  if (convicted.kind !== 'hit') return `the twin is not convicted: ${JSON.stringify(convicted)}`;
  const without = sound === undefined ? withstood : await tried(sound, ({ kind }) => kind === 'withstood');
  return without.kind === 'withstood'
    ? undefined
    : `without its weakness the twin is convicted too: ${JSON.stringify(without)}`;
}

async function tried(
  attack: () => Promise<Verdict>,
  isDone: (verdict: Verdict) => boolean,
): Promise<Verdict> {
  for (let tries = 1; ; tries++) {
    const verdict = await attack().catch(
      (error: unknown): Verdict => ({ kind: 'stopped', because: String(error) }),
    );
    if (isDone(verdict) || tries === TRIES) return verdict;
  }
}
