/** The policy list, as a person reads of it. */
import type { ImportedList, KeptList, KeptLook } from '../relay/list-api.ts';
import { ago, ahead } from './policy-text.ts';
import { oneLine } from './terminal.ts';

/** @param list null: no list is used. */
export function formatList(list: KeptList | null, now: number): string {
  if (list === null) return 'there is no policy list: list.keys is not set\n';
  return lines([...headLines(list, now), ...lookLines(list, now)]);
}

export function formatImported({ look, list }: ImportedList, now: number): string {
  return lines([`the list ${outcomeText(look)}`, ...headLines(list, now)]);
}

function headLines({ list }: KeptList, now: number): readonly string[] {
  if (list === null) return ['policy list: none that one of list.keys has signed was accepted so far'];
  const { inForce, endsSoon, domains, timestamp, expiresAt, author, signers, source, acceptedAt } = list;
  const state = inForce
    ? `in force, ${domains} domain${domains === 1 ? '' : 's'}${endsSoon ? '; it ends soon, and no newer one was accepted so far' : ''}`
    : 'over: nothing of it protects';
  return [
    `policy list: ${state}`,
    `  made at ${timestamp} (${ago(timestamp, now)}), ${inForce ? 'holds' : 'held'} until ${expiresAt} (${ahead(expiresAt, now)})`,
    ...(author === null ? [] : [`  author ${oneLine(author)}`]),
    `  signed by ${signers.join(' and ')}, accepted at ${acceptedAt} from ${oneLine(source)}`,
  ];
}

function lookLines({ source, lastLook, nextLookAt }: KeptList, now: number): readonly string[] {
  return [
    ...(lastLook === null
      ? []
      : [
          `  last look ${ago(lastLook.at, now)}, at ${oneLine(lastLook.source)}: it ${outcomeText(lastLook)}`,
        ]),
    source === null || nextLookAt === null
      ? '  newer ones are only imported: there is no list.source'
      : `  next look ${ahead(nextLookAt, now)}, at ${oneLine(source)}`,
  ];
}

function outcomeText({ outcome, fault, because }: KeptLook): string {
  switch (outcome) {
    case 'accepted':
      return `was accepted: ${oneLine(because)}`;
    case 'unchanged':
      return `changes nothing: ${oneLine(because)}`;
    case 'refused':
      return `was refused (${fault ?? ''}): ${oneLine(because)}`;
    case 'failed':
      return `could not be had: ${oneLine(because)}`;
  }
}

function lines(all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join('');
}
