/** Sends content piece by piece, as fast as the peer takes it. */
import type { BodySource } from '../wire/bytes.ts';
import type { Framer } from '../wire/framing.ts';

/** Up to here content is framed and written in one piece. */
export const ONE_WRITE_BYTES = 65_536;

/** Where the content goes. */
export interface Outlet {
  /** The peer left, or it has answered already. @throws Error once nobody wants the content any more. */
  interrupted(): boolean;
  /** @returns whether more may follow at once. */
  write(bytes: Uint8Array): boolean;
  /** Resolves once more may follow, or when the peer interrupts. */
  drained(): Promise<void>;
}

/** @returns whether the peer spoke before the end was sent; what it said ends the sending. */
export async function streamBody(source: BodySource, framer: Framer, outlet: Outlet): Promise<boolean> {
  const chunks = source.kind === 'bytes' ? slices(source.bytes) : source.open();
  for await (const chunk of chunks) {
    for (const piece of framer.push(chunk)) {
      // A peer that left or has answered already needs no more of it.
      if (outlet.interrupted()) return true;
      if (!outlet.write(piece)) await outlet.drained();
    }
  }
  const early = outlet.interrupted();
  outlet.write(framer.end());
  return early;
}

function* slices(bytes: Uint8Array): Generator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += ONE_WRITE_BYTES)
    yield bytes.subarray(from, from + ONE_WRITE_BYTES);
}
