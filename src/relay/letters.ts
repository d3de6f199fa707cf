/** The messages that come of one that was taken in: itself, and copies whose sender or header differs. */
import { createReadStream } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import type { Mailbox } from '../names/mailbox.ts';
import type { Envelope, EnvelopeRecipient, Refusal } from '../protocols/smtp/server/state.ts';
import type { NewBody } from '../store/queue-store.ts';
import type { GrowingContent } from './growing-content.ts';
import type { Treated } from './treatment.ts';

export interface Letter {
  /** null: the null sender. */
  readonly sender: Mailbox | null;
  /** Header fields in front of those that all letters have, each with its CRLF. */
  readonly front: string;
  /** At least one. */
  readonly recipients: readonly EnvelopeRecipient[];
}

/** At least one; the first is the message itself, where it has recipients of its own. */
export function lettersOf({ sender }: Envelope, { recipients, copies }: Treated): readonly Letter[] {
  return recipients.length === 0 ? copies : [{ sender, front: '', recipients }, ...copies];
}

/** Octets that all letters of one message may take together: who names many addresses may not fill the disk with it. */
const MOST_COPIED = 256 * 1024 * 1024;

/** @param size octets of the content. @returns why they are too much; undefined: they are not, as one alone never is. */
export function refusalOfCopies(letters: readonly Letter[], size: number): Refusal | undefined {
  const octets = letters.length * size;
  if (letters.length <= 1 || octets <= MOST_COPIED) return undefined;
  const text = `the message is for addresses that lead elsewhere, which makes ${letters.length} copies of ${octets} octets in all, and the limit is ${MOST_COPIED}: send it to fewer at once`;
  return { code: 552, enhanced: '5.3.4', text };
}

/** The id of a copy shows whose it is. @param index of its letter. */
export function idOfLetter(id: string, index: number): string {
  return index === 0 ? id : `${id}-${index}`;
}

export interface WrittenLetters {
  /** In the order of the letters. */
  readonly bodies: readonly NewBody[];
  /** What stands in front of each, in the same order. */
  readonly fronts: readonly Uint8Array[];
}

/**
 * Writes the content once for each letter; what is a file is flushed.
 *
 * @param path of the file of a letter, should there be one; that of the first is the content's own.
 * @throws the medium's error; files that were written are removed then.
 */
export async function writeLetters(
  content: GrowingContent,
  { fields, content: replacement }: Treated,
  letters: readonly Letter[],
  path: (index: number) => string,
): Promise<WrittenLetters> {
  const fronts = letters.map(({ front }) => Buffer.from(front + fields));
  if (replacement !== null) {
    await content.drop();
    return { fronts, bodies: fronts.map((front) => inMemory(front, replacement)) };
  }
  const first = await content.finish(fronts[0]);
  const skipped = fronts[0]?.length ?? 0;
  const bodies: NewBody[] = [first];
  try {
    for (const [index, front] of fronts.entries()) {
      if (index === 0) continue;
      bodies.push(
        first.kind === 'bytes'
          ? inMemory(front, first.bytes.subarray(skipped))
          : await writeFile(path(index), front, first.path, skipped),
      );
    }
  } catch (error) {
    await dropCopies(letters, path);
    throw error;
  }
  return { bodies, fronts };
}

/** Removes what the store has not taken over. */
export async function dropCopies(letters: readonly Letter[], path: (index: number) => string): Promise<void> {
  await Promise.all(letters.slice(1).map((_, index) => rm(path(index + 1), { force: true })));
}

function inMemory(front: Uint8Array, content: Uint8Array): NewBody {
  return { kind: 'bytes', bytes: front.length === 0 ? content : Buffer.concat([front, content]) };
}

async function writeFile(path: string, front: Uint8Array, from: string, start: number): Promise<NewBody> {
  const file = await open(path, 'wx', 0o600);
  try {
    await fill(file, front, from, start);
  } finally {
    await file.close();
  }
  return { kind: 'file', path };
}

async function fill(file: FileHandle, front: Uint8Array, from: string, start: number): Promise<void> {
  await file.appendFile(front);
  for await (const chunk of createReadStream(from, { start })) await file.appendFile(chunk as Buffer);
  await file.sync();
}
