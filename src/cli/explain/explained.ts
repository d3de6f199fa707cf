/** What was found out for `waxwing explain`, before it is put into words. */
import type { Answer, DnssecStatus } from '../../dns/answer.ts';
import { parseName } from '../../dns/name.ts';
import type { RecordType } from '../../dns/record.ts';
import type { IpAddress } from '../../names/address.ts';
import type { DestinationVerdict, Rules } from '../../policies/combine.ts';
import type { Decision } from '../../policies/decide.ts';
import type { DestinationFacts } from '../../policies/destination.ts';
import type { OnBlocked } from '../../policies/overrides/rule.ts';
import type { DnsConfig } from '../config/config.ts';
import type { Notice } from '../dns-notices.ts';
import type { Subject } from './subject.ts';

/** What is decided, and from what. */
export type Finding =
  /** A host that is named by its address: nothing is asked about it. */
  | { readonly kind: 'address'; readonly address: IpAddress; readonly decision: Decision }
  | {
      readonly kind: 'looked-up';
      readonly facts: DestinationFacts;
      readonly verdict: DestinationVerdict;
      /** What the policies would have decided without a word of the operator. */
      readonly unruled: DestinationVerdict;
      /** Nothing was kept of the domain's MTA-STS policy. */
      readonly firstContact: boolean;
    };

export interface Explained {
  readonly subject: Subject;
  readonly rules: Rules;
  /** Where the default level comes from: a file with its line, a variable, `default`. */
  readonly levelOrigin: string;
  /** That is called. */
  readonly port: number;
  readonly finding: Finding;
  /** All answers of the DNS. */
  readonly answers: readonly Answer[];
  readonly mode: DnsConfig['dnssec'];
  readonly resolvers: readonly string[];
  /** What is wrong with the resolvers. */
  readonly notices: readonly Notice[];
  /** Milliseconds: the age at which mail that waits is returned. */
  readonly giveUpAfterMs: number;
  /** What becomes of mail for which the required TLS cannot be had, where no rule about its sender says otherwise. */
  readonly onBlocked: OnBlocked;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The port of the place where TLSA records stand: that of MX hosts, whatever port is called (RFC 7672 §2.2.3). */
export function tlsaPort({ finding, port }: Pick<Explained, 'finding' | 'port'>): number {
  return finding.kind === 'looked-up' && finding.facts.way.kind === 'configured' ? port : MX_PORT;
}

const MX_PORT = 25;

export type LookedUp = Extract<Finding, { kind: 'looked-up' }>;

/** The answer to a question that was asked. */
export function answerTo(answers: readonly Answer[], name: string, type: RecordType): Answer | undefined {
  const parsed = parseName(name);
  if (parsed.kind !== 'ok') return undefined;
  return answers.find(({ question }) => question.name === parsed.value && question.type === type);
}

/** Whether a question failed because its answer should be proven and is not; else nobody answered it. */
export function isBogus(answers: readonly Answer[], name: string, ...types: readonly RecordType[]): boolean {
  return types.some((type) => answerTo(answers, name, type)?.status === BOGUS);
}

const BOGUS: DnssecStatus = 'bogus';
