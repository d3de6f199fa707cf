/** The table of attacks, as Markdown: what the suite tries, on which protocol, in which role. */
import { type Attack, type Role, roles } from './cell.ts';
import { type Protocol, protocols } from './dialect.ts';

/** Why there can be no cell, whatever the attack. */
function withoutEngine(role: Role, protocol: Protocol): string | undefined {
  if (role === 'relay' && protocol !== 'smtp' && protocol !== 'lmtp') return 'the relay speaks SMTP and LMTP';
  if (protocol === 'ftp' && (role === 'reverse' || role === 'front')) return 'there is no gateway for FTP';
  return undefined;
}

/**
 * One row for each class and role, one column for each protocol.
 *
 * A number says in how many ways it is tried; each is withstood, and each convicts its twin, or the suite fails. A letter
 * says why it is not tried.
 */
export function attackTable(attacks: readonly Attack[]): string {
  const reasons = new Map<string, string>();
  const letterOf = (reason: string): string => {
    const letter = reasons.get(reason) ?? nameOf(reasons.size);
    reasons.set(reason, letter);
    return letter;
  };
  const rows: string[] = [];
  const untried = new Map<string, string[]>();
  for (const attack of attacks) {
    for (const role of roles) {
      const columns = protocols.map((protocol) => columnOf(attack, role, protocol));
      const name = `[${attack.name}](../test/attacks/classes/${attack.name}.ts)`;
      if (columns.some(({ count }) => count > 0)) {
        rows.push(
          line([name, role, ...columns.map(({ count, without }) => String(count || letterOf(without)))]),
        );
      } else {
        const whys = columns.filter(({ hasEngine }) => hasEngine).map(({ without }) => without);
        const why = [...new Set(whys)].join('; ');
        untried.set(why, [...(untried.get(why) ?? []), `${attack.name} (${role})`]);
      }
    }
  }
  const table = [
    line(['class', 'role', ...protocols]),
    line(['---', '---', ...protocols.map(() => '---')]),
    ...rows,
  ].join('\n');
  const legend = [...reasons].map(([reason, letter]) => `- ${letter}: ${reason}`).join('\n');
  const rest = [...untried].map(([why, places]) => `- ${why}: ${places.join(', ')}`).join('\n');
  return `${table}\n\n${legend}\n\nNot tried at all:\n\n${rest}\n`;
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

interface Column {
  readonly count: number;
  /** Why there is none; empty where there is one. */
  readonly without: string;
  readonly hasEngine: boolean;
}

/** In how many ways it is tried there, or why it is not. */
function columnOf(attack: Attack, role: Role, protocol: Protocol): Column {
  const count = attack.cells.filter((cell) => cell.role === role && cell.protocol === protocol).length;
  const missing = withoutEngine(role, protocol);
  const without = count > 0 ? '' : (missing ?? attack.without(role, protocol));
  return { count, without, hasEngine: missing === undefined };
}

/** a, b, … z, aa, ab, … */
function nameOf(index: number): string {
  const letter = String.fromCharCode(97 + (index % 26));
  return index < 26 ? letter : nameOf(Math.floor(index / 26) - 1) + letter;
}
