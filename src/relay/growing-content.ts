/** The content of a message while it comes in: in memory while it is small, then in a file. */
import { createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { NewBody } from '../store/queue-store.ts';

export interface GrowingContent {
  /** @returns a promise where the writer should wait. */
  write(slice: Uint8Array): Promise<void> | undefined;
  /** All of it is there, its front included. @throws the medium's error. */
  whole(): Promise<NewBody>;
  /**
   * Everything is in place, flushed where it is a file. @throws the medium's error.
   *
   * @param late what goes in front of all, known only now. Where there is some, a file is written once more.
   */
  finish(late?: Uint8Array): Promise<NewBody>;
  /** Nothing of it stays. */
  drop(): Promise<void>;
}

export interface GrowingContentParts {
  /** Of the file, should there be one. */
  readonly path: string;
  /**
   * Makes of the content, as far as it is known when it begins to be written (at least {@link INLINE_BYTES} of it, or
   * all), what is kept of that: what goes in front, and the content or what is left of it. Called once, in `finish` at
   * the latest.
   */
  readonly front: (content: Uint8Array) => readonly Uint8Array[];
  readonly onError: (what: string, error: unknown) => void;
}

/** Up to here content is kept in memory and in the database (measured: files win above). */
export const INLINE_BYTES = 128 * 1024;

/** Slices that are kept as they came: each costs some 200 octets more than it holds, and TLS records can be of one. */
const MOST_LOOSE = 256;

/** Slices in their order. */
interface Pile {
  add(slice: Uint8Array): void;
  /** All of them; the pile is empty then. */
  take(): Uint8Array[];
}

function pile(): Pile {
  let joined: Uint8Array[] = [];
  let loose: Uint8Array[] = [];
  return {
    add(slice) {
      loose.push(slice);
      if (loose.length < MOST_LOOSE) return;
      joined.push(Buffer.concat(loose));
      loose = [];
    },
    take() {
      const all = [...joined, ...loose];
      joined = [];
      loose = [];
      return all;
    },
  };
}

function hasSome(late: Uint8Array | undefined): late is Uint8Array {
  return late !== undefined && late.length > 0;
}

export function growingContent({ path, front, onError }: GrowingContentParts): GrowingContent {
  const pieces = pile();
  let size = 0;
  let joined: Uint8Array | undefined;
  let file: Promise<FileHandle> | undefined;
  /** Writes whatever has gathered, until nothing has; holds the first failure. */
  let writing: Promise<void> | undefined;
  let failure: unknown;

  function withFront(): readonly Uint8Array[] {
    const all = pieces.take();
    return front(all.length === 1 && all[0] !== undefined ? all[0] : Buffer.concat(all));
  }

  function openFile(): Promise<FileHandle> {
    for (const piece of withFront()) pieces.add(piece);
    return open(path, 'wx', 0o600);
  }

  async function drain(handle: Promise<FileHandle>): Promise<void> {
    try {
      // All that gathered in one write: content full of dots comes in pieces of a line each.
      for (let batch = pieces.take(); batch.length > 0; batch = pieces.take()) {
        await (await handle).appendFile(Buffer.concat(batch));
      }
    } catch (error) {
      failure ??= error;
      pieces.take();
    }
    writing = undefined;
  }

  /** Put together once, whoever asks first. */
  function inMemory(): Uint8Array {
    joined ??= Buffer.concat(withFront());
    return joined;
  }

  async function written(): Promise<void> {
    await writing;
    if (failure !== undefined) throw failure;
  }

  /** Nothing can be put in front of a file but by writing another one. */
  async function prepend(late: Uint8Array): Promise<void> {
    // Closed before anything can fail: a handle that nobody closes ends the process once it is collected.
    await (await file)?.close();
    await rename(path, `${path}.part`);
    file = open(path, 'wx', 0o600);
    const after = await file;
    await after.appendFile(late);
    await pipeline(createReadStream(`${path}.part`), createWriteStream(path, { flags: 'a' }));
    await rm(`${path}.part`);
  }

  return {
    write(slice) {
      if (failure !== undefined) return undefined;
      pieces.add(slice);
      size += slice.length;
      if (size <= INLINE_BYTES) return undefined;
      writing ??= drain((file ??= openFile()));
      return writing;
    },
    async whole() {
      if (file === undefined) return { kind: 'bytes', bytes: inMemory() };
      await written();
      return { kind: 'file', path };
    },
    async finish(late) {
      if (file === undefined) {
        const bytes = inMemory();
        return { kind: 'bytes', bytes: hasSome(late) ? Buffer.concat([late, bytes]) : bytes };
      }
      await written();
      if (hasSome(late)) await prepend(late);
      const handle = await file;
      await handle.sync();
      await handle.close();
      return { kind: 'file', path };
    },
    async drop() {
      pieces.take();
      if (file === undefined) return;
      await writing;
      try {
        // Closed already where finish() came first; the name is what matters.
        await file.then((handle) => handle.close()).catch(() => undefined);
        await rm(path, { force: true });
        await rm(`${path}.part`, { force: true });
      } catch (error) {
        // It stays behind until the next start, which sweeps the folder.
        onError(`removing ${path}`, error);
      }
    },
  };
}
