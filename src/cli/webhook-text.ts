/** What webhooks have to send, as a person reads it. */
import { counted } from '../names/count.ts';
import type { DeadPage, ShownWebhook } from '../relay/control-webhooks.ts';
import type { Replayed } from '../relay/webhooks/replay.ts';
import type { Amount } from '../store/outbox.ts';
import { formatTable } from './table.ts';
import { oneLine } from './terminal.ts';

export function formatWebhooks(webhooks: readonly ShownWebhook[]): string {
  if (webhooks.length === 0) return 'there is no webhook\n';
  const head = ['WEBHOOK', 'STATE', 'WAITING', 'SINCE', 'DEAD', 'SENT', 'WHY'];
  const rows = webhooks.map(({ name, url, state, nextAt, waiting, dead, sent, because }) => [
    oneLine(name),
    state === 'unknown'
      ? 'not in the configuration'
      : state === 'ended'
        ? 'switched off'
        : nextAt === null
          ? state
          : `${state} until ${short(nextAt)}`,
    String(waiting.events),
    waiting.oldestAt === null ? '-' : short(waiting.oldestAt),
    String(dead.events),
    String(sent),
    oneLine(because ?? url ?? '-'),
  ]);
  return formatTable([head, ...rows]);
}

export function formatReplayed({ events, from, to, ended }: Replayed): string {
  if (events === 0 && ended === 'all') return 'the event log has no such events\n';
  const more =
    ended === 'full' ? '; then the outbox was full: replay the rest from there on once it has gone out' : '';
  return `${sentAgain(events)}, from ${from ?? '-'} to ${to ?? '-'}${more}\n`;
}

export function formatDead({ letters, after }: DeadPage): string {
  if (letters.length === 0) return 'there are no dead letters\n';
  const head = ['WEBHOOK-ID', 'EVENTS', 'ATTEMPTS', 'FROM', 'DEAD SINCE', 'WHY'];
  const rows = letters.map(({ id, events, attempts, at, deadAt, because }) => [
    oneLine(id),
    String(events),
    String(attempts),
    short(at),
    short(deadAt),
    oneLine(because),
  ]);
  return formatTable([head, ...rows]) + (after === null ? '' : `there are more: --after ${after}\n`);
}

export function formatRevived({ events }: Amount): string {
  const dead = events === 0 ? 'there were no dead letters' : sentAgain(events);
  return `${dead}; what waits is tried now\n`;
}

function sentAgain(events: number): string {
  return `${counted(events, 'event')} ${events === 1 ? 'is' : 'are'} sent once more`;
}

function short(moment: string): string {
  return `${moment.slice(0, 19)}Z`;
}
