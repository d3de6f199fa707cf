/** What an operator may say of the advisor. */
import type { LocalPlace } from '../net/local-listener.ts';
import type { DaneUse } from '../policies/answers/postfix.ts';
import type { PostfixVersion } from '../policies/answers/postfix-text.ts';

export type AdvisorProtocol = (typeof advisorProtocols)[number];

export const advisorProtocols = ['socketmap', 'tcp_table', 'line', 'http'] as const;

export interface AdvisorListener {
  readonly protocol: AdvisorProtocol;
  readonly place: LocalPlace;
  /** Of the Postfix that asks; the others have no use for it. */
  readonly version: PostfixVersion;
  readonly dane: DaneUse;
  /** Whether it takes what sessions of others came to; HTTP only. */
  readonly outcomes: boolean;
}

export interface AdvisorSettings {
  readonly listeners: readonly AdvisorListener[];
  /** At once, at each listener. */
  readonly connections: number;
  /** That each listener keeps. */
  readonly answers: number;
}
