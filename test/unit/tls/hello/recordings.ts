/** Flights of real servers, as they came; each file names the program, its version and how it was set up. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Question } from '../../../../src/tls/hello/questions.ts';
import { asked } from './asked.ts';

export interface Recording {
  readonly server: string;
  readonly name: string;
  readonly question: Question;
  /** What was read of it, looked through beside the server's own words. */
  readonly says: string;
  readonly octets: Buffer;
}

interface Recorded {
  readonly server: string;
  readonly flights: readonly { readonly question: string; readonly says: string; readonly octets: string }[];
}

const folder = join(import.meta.dirname, 'recorded');

export const recordings: readonly Recording[] = readdirSync(folder)
  .toSorted()
  .flatMap((file) => {
    const { server, flights } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Recorded;
    return flights.map(({ question: name, says, octets }) => {
      const question = asked.get(name);
      if (question === undefined) throw new Error(`${file}: nobody asks ${name}`);
      return { server, name, question, says, octets: Buffer.from(octets, 'hex') };
    });
  });

/** The first recording of that answer. */
export function recording(server: string, name: string): Recording {
  const found = recordings.find((one) => one.server.startsWith(server) && one.name === name);
  if (found === undefined) throw new Error(`no ${server} was asked ${name}`);
  return found;
}
