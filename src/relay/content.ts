/** The content of messages in the queue: from memory while it is fresh, else from the store. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { QueueStore, StoredBody } from '../store/queue-store.ts';
import type { BodySource } from '../wire/bytes.ts';

export interface Contents {
  /** Remembers content that was just accepted, as it is most likely wanted at once. */
  remember(id: string, bytes: Uint8Array): void;
  forget(id: string): void;
  /** @throws Error where the store no longer has it. */
  source(id: string): Promise<BodySource>;
  /** @returns the first octets, at least the header section of all but monstrous messages. */
  head(id: string): Promise<Uint8Array>;
}

const MAX_REMEMBERED_BYTES = 32 * 1024 * 1024;
const HEAD_BYTES = 64 * 1024;

/** The content in one piece. */
export async function wholeBody(body: BodySource): Promise<Uint8Array> {
  if (body.kind === 'bytes') return body.bytes;
  const chunks: Uint8Array[] = [];
  for await (const chunk of body.open()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export function queueContents(store: QueueStore): Contents {
  /** In the order of arrival: the oldest goes first. */
  const fresh = new Map<string, Uint8Array>();
  let freshBytes = 0;

  function forget(id: string): void {
    freshBytes -= fresh.get(id)?.length ?? 0;
    fresh.delete(id);
  }

  async function stored(id: string): Promise<StoredBody> {
    const bytes = fresh.get(id);
    const body = bytes === undefined ? await store.body(id) : { kind: 'bytes' as const, bytes };
    if (body === undefined) throw new Error(`the content of message ${id} is gone`);
    return body;
  }

  return {
    remember(id, bytes) {
      fresh.set(id, bytes);
      freshBytes += bytes.length;
      for (const oldest of fresh.keys()) {
        if (freshBytes <= MAX_REMEMBERED_BYTES) break;
        forget(oldest);
      }
    },
    forget,
    async source(id) {
      const body = await stored(id);
      if (body.kind === 'bytes') return body;
      return { kind: 'stream', open: () => createReadStream(body.path) };
    },
    async head(id) {
      const body = await stored(id);
      if (body.kind === 'bytes') return body.bytes.subarray(0, HEAD_BYTES);
      const file = await open(body.path);
      try {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
        return buffer.subarray(0, bytesRead);
      } finally {
        await file.close();
      }
    },
  };
}
