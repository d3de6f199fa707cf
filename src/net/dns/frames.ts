/** Messages on a stream: two octets of length before each. RFC 1035 §4.2.2, RFC 7766 §8. */

const LENGTH_OCTETS = 2;
export const MAX_MESSAGE_OCTETS = 65_535;

/** The message as it goes out, in one piece: some servers do not wait for the second (RFC 7766 §8). */
export function framed(message: Uint8Array): Uint8Array {
  const frame = new Uint8Array(LENGTH_OCTETS + message.length);
  frame[0] = message.length >> 8;
  frame[1] = message.length & 0xff;
  frame.set(message, LENGTH_OCTETS);
  return frame;
}

/**
 * Cuts what comes in into messages; what it keeps is never more than one message.
 *
 * @param onMessage gets octets of its own. It may say that it wants no more: the rest is dropped then.
 * @returns what takes the next piece of the stream.
 */
export function frameReader(
  onMessage: (message: Uint8Array) => 'more' | 'stop',
): (piece: Uint8Array) => void {
  let length: number | undefined;
  let high: number | undefined;
  let message = new Uint8Array();
  let filled = 0;
  return (piece) => {
    for (let at = 0; at < piece.length; ) {
      if (length === undefined) {
        const octet = piece[at] ?? 0;
        at += 1;
        if (high === undefined) {
          high = octet;
          continue;
        }
        length = high * 256 + octet;
        message = new Uint8Array(length);
        filled = 0;
      }
      const part = piece.subarray(at, at + length - filled);
      message.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled < length) continue;
      length = undefined;
      high = undefined;
      if (onMessage(message) === 'stop') return;
    }
  };
}
