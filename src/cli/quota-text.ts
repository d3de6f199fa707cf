/** What is used up of quotas, as a person reads it. */
import type { UsedQuota } from '../relay/control-clients.ts';
import { formatTable } from './table.ts';
import { oneLine } from './terminal.ts';

export function formatQuotas(quotas: readonly UsedQuota[]): string {
  if (quotas.length === 0) return 'nothing of any quota is used up\n';
  const head = ['QUOTA OF', 'IN A', 'MESSAGES', 'RECIPIENTS', 'BEGINS AGAIN'];
  const rows = quotas.map(
    ({ subject, period, messages, mostMessages, recipients, mostRecipients, until }) => [
      oneLine(subject),
      period,
      used(messages, mostMessages),
      used(recipients, mostRecipients),
      until.slice(0, 19).concat('Z'),
    ],
  );
  return formatTable([head, ...rows]);
}

function used(count: number, most: number | null): string {
  return most === null ? '-' : `${count} of ${most}`;
}
