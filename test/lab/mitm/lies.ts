/** What somebody on the way to a resolver can do to its answers. */
import { flag, type Packet, type PacketRecord, recordOf, showWireName, withRcode } from './packet.ts';

/** What becomes of one answer. */
export type Fate =
  | { readonly kind: 'answer'; readonly packet: Packet; readonly afterMs?: number }
  /** First those, then the answer; each from the same address and port. */
  | { readonly kind: 'flood'; readonly wrong: readonly Packet[]; readonly packet: Packet }
  | { readonly kind: 'silence' };

/** One lie: the answer, and how it was asked for, in; what becomes of it, out. */
export type Lie = (packet: Packet, over: 'udp' | 'tcp') => Fate;

const TYPE = { RRSIG: 46, NSEC: 47, DNSKEY: 48, NSEC3: 50, NSEC3PARAM: 51, DS: 43, OPT: 41 } as const;
const ofDnssec: ReadonlySet<number> = new Set([
  TYPE.RRSIG,
  TYPE.NSEC,
  TYPE.DNSKEY,
  TYPE.NSEC3,
  TYPE.NSEC3PARAM,
  TYPE.DS,
]);

/** The signatures are gone, as some forwarders do it. */
export const stripSignatures: Lie = (packet) => answer(without(packet, (one) => one.type === TYPE.RRSIG));

/** Every record that DNSSEC brought is gone. */
export const stripDnssec: Lie = (packet) => answer(without(packet, (one) => ofDnssec.has(one.type)));

/** EDNS is gone with all that it says. */
export const stripEdns: Lie = (packet) => answer(without(packet, (one) => one.type === TYPE.OPT));

/** The resolver claims that it has validated, or that it has not. */
export function setAd(ad: boolean): Lie {
  return (packet) => answer({ ...packet, flags: ad ? packet.flags | flag.ad : packet.flags & ~flag.ad });
}

/** Another response code, the records as they are. */
export function swapRcode(rcode: number): Lie {
  return (packet) => answer(withRcode(packet, rcode));
}

/** No such name, and nothing else said. */
export const forgeNoName: Lie = (packet) => answer(withRcode(emptied(packet), 3));

/** No such record, and nothing else said. */
export const forgeNoData: Lie = (packet) => answer(withRcode(emptied(packet), 0));

/** SERVFAIL, and nothing else said. */
export const fail: Lie = (packet) => answer(withRcode(emptied(packet), 2));

/** These records instead of the true ones, without signatures. */
export function spoof(...data: readonly Buffer[]): Lie {
  return (packet) => {
    const { question } = packet;
    const forged = data.map((one) => recordOf(question?.name ?? Buffer.of(0), question?.type ?? 1, 300, one));
    return answer({ ...withRcode(emptied(packet), 0), answer: forged });
  };
}

/** The first record of the answer has other data; its signature stays. */
export function alter(data: Buffer): Lie {
  return (packet) => {
    const type = packet.question?.type;
    return answer({
      ...packet,
      answer: packet.answer.map((one) => (one.type === type ? { ...one, data } : one)),
    });
  };
}

/** No answer ever comes. */
export const silence: Lie = () => ({ kind: 'silence' });

/** Only TCP answers. */
export const noUdp: Lie = (packet, over) => (over === 'udp' ? { kind: 'silence' } : answer(packet));

/** UDP always says that the rest is to be had by TCP, and TCP never answers. */
export const noTcp: Lie = (packet, over) => (over === 'tcp' ? { kind: 'silence' } : truncate(packet, over));

/** Every answer is cut, by TCP also. */
export const truncate: Lie = (packet) => answer({ ...emptied(packet), flags: packet.flags | flag.truncated });

/** The answer comes late. */
export function delay(afterMs: number): Lie {
  return (packet) => ({ kind: 'answer', packet, afterMs });
}

/** By UDP, before the true answer come forged ones that guess the id, and at last one with the id and another question. */
export function flood(count: number, data: Buffer): Lie {
  return (packet, over) => {
    if (over === 'tcp') return answer(packet);
    const name = packet.question?.name ?? Buffer.of(0);
    const type = packet.question?.type ?? 1;
    const forged: Packet = { ...emptied(packet), answer: [recordOf(name, type, 300, data)] };
    const wrong = Array.from({ length: count }, (_, index) => ({
      ...forged,
      id: (packet.id + index + 1) & 0xffff,
    }));
    const other = { name: Buffer.concat([Buffer.from([1, 120]), name]), type, class: 1 };
    return { kind: 'flood', wrong: [...wrong, { ...forged, question: other }], packet };
  };
}

/** A lie only about what is asked for: a name, a type or both; all else is as it is. */
export function about(asked: { readonly name?: string; readonly type?: number }, lie: Lie): Lie {
  return (packet, over) => {
    const { question } = packet;
    const isMeant =
      question !== null &&
      (asked.name === undefined || showWireName(question.name) === asked.name) &&
      (asked.type === undefined || question.type === asked.type);
    return isMeant ? lie(packet, over) : answer(packet);
  };
}

function answer(packet: Packet): Fate {
  return { kind: 'answer', packet };
}

function without(packet: Packet, gone: (one: PacketRecord) => boolean): Packet {
  const left = (records: readonly PacketRecord[]): PacketRecord[] => records.filter((one) => !gone(one));
  return {
    ...packet,
    answer: left(packet.answer),
    authority: left(packet.authority),
    additional: left(packet.additional),
  };
}

/** Only the question and EDNS. */
function emptied(packet: Packet): Packet {
  return {
    ...packet,
    answer: [],
    authority: [],
    additional: packet.additional.filter((one) => one.type === TYPE.OPT),
  };
}
