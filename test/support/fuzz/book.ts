/** What real servers say, and when: from the transcripts of visits. */
import { type CheckProtocol, checkProtocols } from '../../../src/findings/endpoint.ts';
import { type Entry, type Transcript, transcriptsIn } from '../transcript.ts';

/** What is visited: `visit curious`, `visit implicit curious`, `injection`, `state`, `intrusive`. */
export interface Scene {
  readonly protocol: CheckProtocol;
  readonly task: string;
  readonly answers: Answers;
}

/** What the server says, by where TLS is and what it was told, as {@link turnKey} has it. */
export type Answers = ReadonlyMap<string, Buffer>;

export function turnKey(said: Uint8Array, inside: boolean): string {
  return `${inside ? 'inside' : 'clear'} ${Buffer.from(said).toString('latin1')}`;
}

const protocols = Object.keys(checkProtocols).filter(isProtocol);

function isProtocol(name: string): name is CheckProtocol {
  return Object.hasOwn(checkProtocols, name);
}

/** Tasks of a transcript that begins with a connection to the server by its name. */
const tasks = /^(?:visit(?: implicit| curious| intrusive)*|injection|state|intrusive)$/;

/** Every protocol of a check has a folder of transcripts. */
function transcriptsOf(protocol: CheckProtocol): readonly Transcript[] {
  switch (protocol) {
    case 'smtp':
    case 'submission':
      return transcriptsIn('smtp', 'visit');
    case 'lmtp':
      return transcriptsIn('smtp', 'visit-lmtp');
    default:
      return transcriptsIn('visit', protocol);
  }
}

/** One for each protocol and task: that of a real server which comes to TLS, else one that was written by hand. */
export const scenes: readonly Scene[] = protocols
  .filter((protocol) => protocol !== 'submission')
  .flatMap((protocol) => {
    const found = transcriptsOf(protocol).flatMap((transcript) => sceneOf(protocol, transcript));
    const byTask = Map.groupBy(found.toSorted(bestFirst), ({ task }) => task);
    const all = [...byTask.values()].flatMap(([best]) => (best === undefined ? [] : [best]));
    return all.filter((one) => !all.some((other) => isPartOf(one, other)));
  });

/** Whether the other visit asks all that this one asks, and more. */
function isPartOf(one: Scene, other: Scene): boolean {
  const more =
    other.task.startsWith('visit') && !one.task.includes('implicit') === !other.task.includes('implicit');
  return one !== other && more && one.task.split(' ').every((word) => other.task.split(' ').includes(word));
}

interface Found extends Scene {
  readonly rank: number;
}

function bestFirst(one: Found, other: Found): number {
  return other.rank - one.rank;
}

function sceneOf(protocol: CheckProtocol, transcript: Transcript): readonly Found[] {
  const { entries } = transcript;
  const [first] = entries;
  if (first?.kind !== 'do' || !tasks.test(first.text)) return [];
  const answers = answersIn(entries);
  const isSecured = entries.some((entry) => entry.kind === 'mark' && entry.what === 'TLS');
  return [
    {
      protocol,
      task: first.text,
      answers,
      rank: (isSecured ? 200 : 0) + (isReal(transcript) ? 100 : 0) + answers.size,
    },
  ];
}

function answersIn(entries: readonly Entry[]): Answers {
  const answers = new Map<string, Buffer>();
  let inside = false;
  let said: Buffer[] = [];
  let heard = false;
  for (const entry of entries) {
    if (entry.kind === 'mark' && entry.what === 'TLS') {
      inside = true;
      said = [];
      heard = false;
    } else if (entry.kind === 'bytes' && entry.side === 'C') {
      if (heard) said = [];
      heard = false;
      said.push(entry.bytes);
    } else if (entry.kind === 'bytes') {
      const key = turnKey(Buffer.concat(said), inside);
      answers.set(key, Buffer.concat([answers.get(key) ?? Buffer.alloc(0), entry.bytes]));
      heard = true;
    }
  }
  return answers;
}

/** Of each protocol, whatever any of its servers has said to what. */
export const known: ReadonlyMap<CheckProtocol, Answers> = new Map(
  protocols.map((protocol) => {
    const ofAll = transcriptsOf(protocol)
      .toSorted((one, other) => Number(isReal(one)) - Number(isReal(other)))
      .flatMap(({ entries }) => [...answersIn(entries)]);
    return [protocol, new Map(ofAll)];
  }),
);

function isReal({ title }: Transcript): boolean {
  return title.startsWith('recorded from');
}

/** All that was ever said by any of them. */
export const corpus: readonly Buffer[] = [...known.values()].flatMap((answers) => [...answers.values()]);
