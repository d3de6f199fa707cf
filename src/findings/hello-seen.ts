/**
 * What a server answered to hellos of our own, written octet by octet, as plain data: numbers are those on the wire, for what
 * they mean is a matter of judgement.
 *
 * None of these hellos comes to a session, so that they show what no library would agree to: SSL, suites that are broken, curves
 * that nobody computes with any more.
 */
import type { WeakTerms } from '../tls/hello/weak-questions.ts';
import type { Probed } from './observation.ts';

/** What the server agreed to in its ServerHello, and what it showed in clear behind it. */
export interface HelloSession {
  /** 0x0300 is SSL 3.0, 0x0304 TLS 1.3. */
  readonly version: number;
  readonly suite: number;
  /** 0: none. */
  readonly compression: number;
  /** RFC 7627. */
  readonly extendedMasterSecret: boolean;
  /** RFC 5746. */
  readonly renegotiationInfo: boolean;
  /** By its own word in the random, the server could have spoken this (RFC 8446 §4.1.3); null: it does not say. */
  readonly couldSpeak: number | null;
  /** Named group of the key exchange; null where it has none, or was not shown. */
  readonly group: number | null;
  /** Diffie-Hellman over a prime: its octets, highest first. */
  readonly prime: Uint8Array | null;
  /** SignatureScheme over the key exchange (RFC 5246 §7.4.1.4.1); null before TLS 1.2, and where nothing is signed. */
  readonly signatureScheme: number | null;
  /** DER, the server's own first; empty where it showed none, as in TLS 1.3. */
  readonly chain: readonly Uint8Array[];
  /** More certificates came, or a longer prime, than are kept; absent: all is here. */
  readonly cut?: true;
}

export type HelloSeen =
  | { readonly result: 'agreed'; readonly session: HelloSession }
  /** HelloRetryRequest: the group that the server wants; null where it wants something else. */
  | { readonly result: 'retry'; readonly group: number | null; readonly suite: number }
  /** SERVER-HELLO of SSL 2.0. */
  | {
      readonly result: 'sslv2';
      readonly cipherKinds: readonly number[];
      readonly chain: readonly Uint8Array[];
      /** More came than is kept. */
      readonly cut?: true;
    }
  /** No. `alert`: its number; null where the server closed without a word. */
  | { readonly result: 'refused'; readonly alert: number | null }
  /** Octets that are no answer to a hello. */
  | { readonly result: 'broken'; readonly because: string }
  /** STARTTLS was not offered this time. */
  | { readonly result: 'not-offered' };

/** Each on a connection of its own; absent where it was not asked. */
export interface HelloProbes {
  /** TLS 1.3 without a key share, and TLS 1.2 as clients of today have it; the post-quantum groups first. */
  readonly retry?: Probed<HelloSeen>;
  /** TLS 1.2 with all suites but the anonymous ones, the weakest first, and compression; without SNI. */
  readonly weakFirst?: Probed<HelloSeen>;
  /** The same with SNI, where the answer without may be that of another server than the one that was named. */
  readonly weakNamed?: Probed<HelloSeen>;
  /** The same suites, the best first, with SNI: whose order counts. */
  readonly bestFirst?: Probed<HelloSeen>;
  /** TLS 1.1 at most. */
  readonly old?: Probed<HelloSeen>;
  /** TLS 1.0 at most, where that was not come to by then. */
  readonly older?: Probed<HelloSeen>;
  /** SSL 3.0 only. */
  readonly ssl3?: Probed<HelloSeen>;
  /** SSL 2.0 only. */
  readonly ssl2?: Probed<HelloSeen>;
  /** Only suites of broken kinds, each time without those that are of kinds that were taken before. */
  readonly weak?: readonly Probed<WeakTerms & HelloSeen>[];
  /** Only suites without any certificate. */
  readonly anonymous?: Probed<HelloSeen>;
  /** Only suites with Diffie-Hellman over a prime. */
  readonly prime?: Probed<HelloSeen>;
  /** Only curves of less than 224 bits. */
  readonly weakCurves?: Probed<HelloSeen>;
  /** Only signatures with SHA-1. */
  readonly sha1?: Probed<HelloSeen>;
  /** A lower version than the best of the server, with the word that it is a second try (RFC 7507). */
  readonly fallback?: Probed<{ readonly version: number } & HelloSeen>;
  /** A hello of that size, where the usual one had no answer. */
  readonly large?: Probed<{ readonly octets: number } & HelloSeen>;
  /** With `--suites all`: every suite that the server takes. */
  readonly suites?: SuitesSeen;
}

/** All suites of a server, asked for until it took none any more. */
export interface SuitesSeen {
  /** Connections that it took, which the budget does not count. */
  readonly connections: number;
  /** From the oldest on. */
  readonly versions: readonly SuitesOfVersion[];
}

export interface SuitesOfVersion {
  readonly version: number;
  /** In the order in which the server took them, and so in its own where it has one. */
  readonly suites: readonly number[];
  /** Whether the server has an order of its own; null where that cannot be told. */
  readonly ownOrder: boolean | null;
  /** Why the list is not whole; null where it is. */
  readonly unfinished: string | null;
}
