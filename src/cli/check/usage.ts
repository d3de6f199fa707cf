/** Which ways of naming targets and of keeping results go together. */
import type { Depth } from '../../findings/endpoint.ts';
import { kindOf } from './formats/kinds.ts';
import type { Format } from './output.ts';
import { STDIN } from './targets.ts';

export interface Usage {
  readonly targets: readonly string[];
  readonly from: string | undefined;
  readonly input: string | undefined;
  readonly resume: string | undefined;
  readonly format: Format | undefined;
  readonly json: boolean;
  readonly withoutRecording: boolean;
}

/** @returns what is wrong, in one sentence; undefined where nothing is. */
export function refusalOf(usage: Usage): string | undefined {
  const { targets, from, input, resume, format, json } = usage;
  if (json && format !== undefined && format !== 'json')
    return `--json and --format ${format} do not go together`;
  const form = format ?? (json ? 'json' : 'text');
  if (usage.withoutRecording && !holdsRecording(form))
    return `--no-recording is for --format json and ndjson; ${form} holds no recording anyway`;
  if (from !== undefined && (targets.length > 0 || input !== undefined))
    return '--from has its targets in the file; name none beside it';
  if (from === undefined && input === undefined && targets.length === 0)
    return 'name a target, such as a domain';
  if ([...targets, input].filter((text) => text === STDIN).length > 1) return 'stdin can be read once only';
  if (resume === undefined) return undefined;
  if (input === undefined || input === STDIN)
    return '--resume goes on with the list of --input FILE; stdin cannot be read again';
  if (targets.length > 0) return '--resume is for the list of --input alone; name no target beside it';
  return notAppended(form);
}

/** Whether results in this form can be judged again. */
export function holdsRecording(format: Format): boolean {
  return format === 'json' || format === 'ndjson';
}

/** Some hundred connections to an address are for one target whose operator knows of it, and for no list. */
export function whyNotAllSuites(
  { targets, input }: Pick<Usage, 'targets' | 'input'>,
  depth: Depth,
): string | undefined {
  if (targets.length !== 1 || targets[0] === STDIN || input !== undefined)
    return '--suites all makes many connections: name one domain, or one server such as mx.example.com:25';
  return depth === 'quick' ? '--suites all and --depth quick do not go together' : undefined;
}

/** Why a run cannot go on with what another has written in a form; undefined where it can. */
function notAppended(format: Format): string | undefined {
  const needs = '--resume needs results that are a line each: --format ndjson, or csv';
  switch (kindOf(format)) {
    case 'rows':
      return undefined;
    case 'sums':
      return `${needs}; ${format} adds up all targets of one run, and no earlier ones`;
    case 'pages':
      return `${needs}; ${format} is one document, which one run writes from its beginning to its end`;
  }
}
