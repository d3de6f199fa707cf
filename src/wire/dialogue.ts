/**
 * The kernel of every exchange in which we ask and the peer answers.
 *
 * A dialogue is written top to bottom as a generator. It never touches a socket: it yields an effect for
 * whoever drives it to carry out, and is resumed with the reaction. Whatever the driver (socket, test
 * transcript, fuzzer), the same bytes give the same outcome. Each vocabulary of effects is one file of named
 * steps, the only one that yields; everyone else says `yield*` to those steps.
 */
export type Dialogue<Words extends Vocabulary, Outcome> = Generator<
  Words['effect'],
  Outcome,
  Words['reaction']
>;

interface Vocabulary {
  readonly effect: unknown;
  readonly reaction: unknown;
}

/**
 * How a peer broke the protocol.
 *
 * `injected`: plaintext stood between the go-ahead and the handshake. `unsolicited`: bytes came that no
 * command had asked for. `unexpected-reply`: a positive reply other than the one the RFC names.
 */
export type PeerFault =
  | 'closed'
  | 'line-too-long'
  | 'reply-too-long'
  | 'malformed'
  | 'injected'
  | 'unsolicited'
  | 'unexpected-reply';

/** The peer broke the protocol. Thrown inside a dialogue, caught once per connection, never repaired. */
export class PeerError extends Error {
  override readonly name = 'PeerError';
  readonly code: PeerFault;
  /** The offending bytes, cut to 512 octets. */
  readonly evidence: Uint8Array;

  constructor(code: PeerFault, message: string, evidence: Uint8Array = new Uint8Array()) {
    super(message);
    this.code = code;
    // A copy: slice() of a Buffer is a view that keeps the whole chunk alive.
    this.evidence = new Uint8Array(evidence.subarray(0, EVIDENCE_BYTES));
  }
}

/**
 * The connection broke under a dialogue.
 *
 * The driver throws it in. A dialogue that knows something worth saving may catch it and end; it can ask for nothing
 * more.
 */
export class LostError extends Error {}

/** How much of an offending input is kept. */
const EVIDENCE_BYTES = 512;

/** Bytes from the wire as a message or transcript may show them: printable ASCII, the rest escaped. */
export function printable(bytes: Uint8Array | string): string {
  const text = typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('latin1');
  return text.replace(/[^\x20-\x7e]/g, (character) => {
    if (character === '\r') return '\\r';
    if (character === '\n') return '\\n';
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}
