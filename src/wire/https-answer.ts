/** What became of one HTTPS GET, as plain data: whether it will do is judged elsewhere. */
import type { TlsFacts } from './tls-facts.ts';

/** An address of the host at which nothing came of the question. */
export interface FailedAddress {
  /** The IP address. */
  readonly address: string;
  readonly fault: HttpsFault;
  /** Whether this host itself has no way to such addresses, which says nothing about the one that was asked. */
  readonly noRoute: boolean;
  readonly because: string;
}

/** A whole answer from a host whose certificate was checked. */
export interface HttpsAnswer {
  readonly status: number;
  /** Content-Type and Content-Encoding as they came; undefined where they did not. */
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  /** Location, printable and cut; undefined where there was none. */
  readonly location: string | undefined;
  /** Empty where the status was not 200: it is not read then. */
  readonly body: Uint8Array;
  /** The IP address that answered. */
  readonly address: string;
  readonly tls: TlsFacts;
}

/** How it went, whatever came of it; left out by whoever knows only what came of it. */
interface HttpsCourse {
  /** Milliseconds, from the look-up of the addresses to the end. */
  readonly ms: number;
  /** In the order in which they were asked, those before an address that answered included. */
  readonly failed: readonly FailedAddress[];
}

/**
 * `dns`: its addresses are not to be had. `address`: all of them are private, and refused. `tcp`: no connection. `tls`:
 * no handshake. `tls-webpki`: a certificate that proves nothing. `http`: something that is no HTTP, or breaks off.
 * `too-big`: more octets than asked for. `timeout`: not done in all the time there was.
 */
export type HttpsFault = 'dns' | 'address' | 'tcp' | 'tls' | 'tls-webpki' | 'http' | 'too-big' | 'timeout';

export type HttpsOutcome =
  | { readonly kind: 'answered'; readonly answer: HttpsAnswer; readonly course?: HttpsCourse }
  | {
      readonly kind: 'failed';
      readonly fault: HttpsFault;
      /** Says what was tried, at which address, and what came of it. */
      readonly because: string;
      /** What the handshake showed, where there was one. */
      readonly tls: TlsFacts | undefined;
      readonly course?: HttpsCourse;
    };
