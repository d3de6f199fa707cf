/** Takes more cores once a list turns out to be long: a few targets are done before a thread has begun. */
import { availableParallelism } from 'node:os';
import type { Target } from '../../../findings/case.ts';
import type { Parsed } from '../../../names/domain.ts';
import type { LoadRequest } from '../../config/load.ts';
import type { CheckRequest } from '../check.ts';
import type { Place } from '../crowd.ts';
import { isRows } from '../formats/kinds.ts';
import type { Judgement } from '../judgement.ts';
import type { Turns } from '../open.ts';
import type { Worked } from '../pool.ts';
import { type Lanes, startLanes } from './lanes.ts';
import type { Done } from './messages.ts';

export interface Crew {
  /** undefined: it is to be done here. */
  readonly work: (target: Target, join: Place['join']) => Promise<Worked<Parsed<Judgement>>> | undefined;
  readonly close: () => Promise<void>;
}

export interface CrewParts {
  readonly opened: Turns;
  /** Of a result, as it was written in a lane. */
  readonly write: (text: string) => Promise<void>;
  readonly onNotice: (text: string) => void;
}

/** A thread takes a second of a core to begin, and some hundred targets make that up. */
const LONG = 500;

export function openCrew(
  { format, details, terms, only, failOn, profile, failAt, withoutRecording }: CheckRequest,
  load: LoadRequest,
  { opened, write, onNotice }: CrewParts,
): Crew {
  const cores = availableParallelism();
  let begun = 0;
  let lanes: Lanes | undefined;
  return {
    work(target, join) {
      begun += 1;
      if (begun === LONG && cores > 1 && isRows(format)) {
        const plain = { load: { ...load, env: { ...load.env } }, terms: { ...terms, threads: cores } };
        const judging = { only, failOn, profile, failAt, withoutRecording, format, details };
        lanes = startLanes(cores, { ...plain, ...judging }, opened, onNotice);
      }
      return lanes?.attempt(target, join).then((done) => workedBy(done, write));
    },
    close: async () => await lanes?.close(),
  };
}

function workedBy(done: Done, write: (text: string) => Promise<void>): Worked<Parsed<Judgement>> {
  switch (done.kind) {
    case 'crowded':
    case 'dropped':
      return done;
    case 'invalid':
      return { kind: 'done', result: done };
    case 'judged': {
      const { share, ports, text } = done;
      return {
        kind: 'done',
        result: { kind: 'ok', value: { share, ports, octets: text.length, print: () => write(text) } },
      };
    }
  }
}
