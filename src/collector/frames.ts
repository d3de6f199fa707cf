/** The frames in which the helper hands datagrams over: four octets of length, most significant first, and the datagram. */

export type Frame =
  | { readonly kind: 'datagram'; readonly octets: Uint8Array }
  /** The socket is there. */
  | { readonly kind: 'ready' }
  /** A datagram that was longer than allowed; nothing of it is handed over. */
  | { readonly kind: 'too-long' };

/** Lengths that are none. */
export const READY = 0xffff_fffe;
export const TOO_LONG = 0xffff_ffff;

const HEAD_OCTETS = 4;

export interface FrameReader {
  /** @throws Error where a frame is longer than any datagram may be: whoever writes is not our helper. */
  read(chunk: Uint8Array): readonly Frame[];
}

/** Reads frames out of pieces of any size; holds at most one datagram. */
export function frameReader(mostOctets: number): FrameReader {
  const head = Buffer.alloc(HEAD_OCTETS);
  let headFilled = 0;
  let body: Buffer | undefined;
  let bodyFilled = 0;

  /** The head is complete. */
  function begin(): Frame | undefined {
    headFilled = 0;
    const length = head.readUInt32BE(0);
    if (length === READY) return { kind: 'ready' };
    if (length === TOO_LONG) return { kind: 'too-long' };
    if (length > mostOctets) throw new Error(`a frame of ${length} octets, where ${mostOctets} are the most`);
    if (length === 0) return { kind: 'datagram', octets: new Uint8Array() };
    body = Buffer.alloc(length);
    bodyFilled = 0;
    return undefined;
  }

  return {
    read(chunk) {
      const frames: Frame[] = [];
      for (let at = 0; at < chunk.length; ) {
        if (body === undefined) {
          const taken = chunk.subarray(at, at + HEAD_OCTETS - headFilled);
          head.set(taken, headFilled);
          headFilled += taken.length;
          at += taken.length;
          const frame = headFilled === HEAD_OCTETS ? begin() : undefined;
          if (frame !== undefined) frames.push(frame);
        } else {
          const taken = chunk.subarray(at, at + body.length - bodyFilled);
          body.set(taken, bodyFilled);
          bodyFilled += taken.length;
          at += taken.length;
          if (bodyFilled === body.length) {
            frames.push({ kind: 'datagram', octets: body });
            body = undefined;
          }
        }
      }
      return frames;
    },
  };
}
