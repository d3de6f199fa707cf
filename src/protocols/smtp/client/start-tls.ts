/** Brings TLS up on a fresh connection to a server of SMTP or LMTP, and nothing more. RFC 3207, RFC 2033. */
import type { Talk } from '../../../wire/bytes.ts';
import type { Channel } from '../../../wire/channel.ts';
import type { JudgeTls, Upgraded } from '../../upgrade.ts';
import { maskedStartTls, noOffers, type Offers } from '../offers.ts';
import { describeReply } from '../reply.ts';
import { type OpenOutcome, open } from './open.ts';

export interface StartTlsRequest {
  readonly judge: JudgeTls;
  /** Our name for EHLO: a domain in ASCII form or an address literal. */
  readonly helloName: string;
  readonly protocol: 'smtp' | 'lmtp';
}

/** @throws PeerError when the peer breaks the protocol. */
export function* startTls(channel: Channel, { judge, helloName, protocol }: StartTlsRequest): Talk<Upgraded> {
  const outcome = yield* open<string>(channel, {
    helloName,
    protocol,
    tls: 'starttls',
    startTls: 'required',
    login: null,
    judge: (facts) => {
      const judgement = judge(facts);
      return judgement.kind === 'acceptable'
        ? { kind: 'acceptable', proof: '', identity: 'unproved' }
        : { kind: 'unacceptable', proof: judgement.because };
    },
  });
  return upgraded(channel, outcome);
}

function upgraded(channel: Channel, outcome: OpenOutcome<string>): Upgraded {
  switch (outcome.kind) {
    case 'ready': {
      if (channel.tls === undefined) throw new Error('TLS was required, and the dialogue is ready without');
      const { offers, offersBefore } = outcome;
      return {
        kind: 'secured',
        facts: channel.tls,
        clear: linesOf(offersBefore ?? noOffers),
        inside: linesOf(offers),
      };
    }
    case 'refused':
      return {
        kind: 'refused',
        because: `answered ${outcome.at === 'greeting' ? 'the connection' : outcome.at} with ${describeReply(outcome.reply)}`,
      };
    case 'notOffered': {
      const masked = maskedStartTls(outcome.offers);
      const mask = masked === undefined ? '' : `: something on the way wrote ${masked} over it`;
      return { kind: 'notOffered', because: `does not offer STARTTLS${mask}` };
    }
    case 'startTlsRefused':
      return { kind: 'refused', because: `answered STARTTLS with ${describeReply(outcome.reply)}` };
    case 'tlsFailed':
      return outcome;
    case 'unacceptable':
      return { kind: 'unacceptable', facts: outcome.facts, because: outcome.proof };
    case 'loginRefused':
    case 'loginNotOffered':
      throw new Error('no login was asked for');
  }
}

function linesOf(offers: Offers): string[] {
  return [...offers].map(([keyword, parameters]) => [keyword, ...parameters].join(' '));
}
