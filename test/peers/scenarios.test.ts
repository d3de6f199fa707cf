/**
 * Who demands TLS × who is there × what the message asks: for each row what has to become of it, written down from the
 * texts before it is sent, and what became of it.
 *
 * The table stands in docs/scenarios.md; `SCENARIOS=write` writes it there.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { Lab } from '../lab/lab.ts';
import { labTests } from '../lab/lab-test.ts';
import { rootsOf } from './support/peer.ts';
import { type Played, play } from './support/scenarios/play.ts';
import { layers, messages, type PeerName, type Row } from './support/scenarios/row.ts';
import { daneRows } from './support/scenarios/rows-dane.ts';
import { defaultRows } from './support/scenarios/rows-default.ts';
import { labRows, switchedRows } from './support/scenarios/rows-lab.ts';
import { listRows } from './support/scenarios/rows-list.ts';
import { operatorRows } from './support/scenarios/rows-operator.ts';
import { stsRows } from './support/scenarios/rows-sts.ts';
import { layerText, legendText, tableText } from './support/scenarios/table.ts';

const labTest = labTests({ mail: ['postfix', 'exim', 'opensmtpd'] });

const rows = {
  made: [...defaultRows, ...operatorRows, ...daneRows, ...stsRows, ...listRows],
  lab: labRows,
  switched: switchedRows,
};
const allRows: readonly Row[] = [...rows.made, ...rows.lab, ...rows.switched];

let shared: Promise<Played> | undefined;
after(async () => {
  const last = await shared?.catch(() => undefined);
  await last?.close();
});

function played(lab: Lab): Promise<Played> {
  shared ??= rootsOf(['postfix', 'exim', 'opensmtpd']).then((had) => {
    if (had.kind !== 'ready') throw new Error(had.because);
    return play(lab, had.roots, rows);
  });
  return shared;
}

describe('what becomes of a message', () => {
  for (const [index, row] of allRows.entries()) {
    labTest(
      `${index + 1}. ${layerText(row)}, ${row.peer}, ${row.message}, ${row.onBlocked}: ${row.events}`,
      async (lab) => {
        const seen = (await played(lab)).seen.get(row) ?? assert.fail('it was not sent');
        const { required, by, outcome, events, reply, queue, because } = row;
        // Of the reason the first words are written down.
        const said = seen.because.startsWith(because) ? because : seen.because;
        assert.deepEqual(
          { ...seen, because: said },
          { required, by, outcome, events, reply, queue, because },
          seen.because,
        );
      },
    );
  }
});

describe('on the wire', () => {
  const inClear = ({ outcome }: Row): boolean => outcome === 'cleartext';

  labTest('MAIL is said in clear for the rows that may go so, once each, and for no other', async (lab) => {
    const { hosts, scenes } = await played(lab);
    for (const [peer, server] of Object.entries(hosts.scripted)) {
      const told = server.conversations().flatMap(({ plain }) => plain.match(/^RCPT TO:<[^>]*>/gm) ?? []);
      const mails = server.conversations().flatMap(({ plain }) => plain.match(/^MAIL/gm) ?? []);
      const due = scenes.filter(({ row }) => row.peer === peer && inClear(row));
      const named = due.map(({ recipient }) => `RCPT TO:<${recipient}>`);
      assert.deepEqual(told.toSorted(), named.toSorted(), peer);
      assert.equal(mails.length, due.length, peer);
      for (const { plain } of server.conversations())
        if (!plain.includes('MAIL')) assert.match(plain, /^EHLO \S+\r\n(?:STARTTLS\r\n|QUIT\r\n)/, peer);
    }
  });

  labTest('each real server has what was delivered to it, and nothing else', async (lab) => {
    const { hosts, scenes } = await played(lab);
    for (const [peer, mailbox] of Object.entries(hosts.mailboxes)) {
      const due = scenes.filter(({ row }) => row.peer === peer && row.queue === 'delivered');
      const had = await mailbox(due.length);
      assert.deepEqual(had.toSorted(), due.map(({ recipient }) => recipient).toSorted(), peer);
    }
  });

  labTest(
    'RFC 8689 §4.2.1: REQUIRETLS goes on with those messages that had it, and with no other',
    async (lab) => {
      const { hosts, scenes } = await played(lab);
      const server = hosts.scripted.good ?? assert.fail();
      const said = server
        .conversations()
        .flatMap(({ inside }) => inside.match(/^MAIL FROM:.* REQUIRETLS\b/gm) ?? []);
      const due = scenes.filter(
        ({ row }) => row.peer === 'good' && row.message === 'REQUIRETLS' && row.queue === 'delivered',
      );
      assert.deepEqual(
        said.map((one) => /<(.*)>/.exec(one)?.[1] ?? '').toSorted(),
        due.map(({ sender }) => sender).toSorted(),
      );
    },
  );

  labTest('whoever swallows a ClientHello of two segments was asked again with a small one', async (lab) => {
    const { seen, scenes } = await played(lab);
    const hanging = scenes.filter(({ row }) => row.peer === 'hanging' && row.outcome !== '–');
    assert.ok(hanging.length > 5);
    for (const { row } of hanging)
      assert.match(seen.get(row)?.because ?? '', /; with a small ClientHello, as HOST did not answer/);
  });
});

/** Servers differ, and what they do with TLS does not. */
function conductOf(peer: PeerName): string {
  switch (peer) {
    case 'Postfix':
    case 'Exim':
    case 'OpenSMTPD':
      return 'good, lacks REQUIRETLS';
    case 'bare':
    case 'no STARTTLS':
    case 'stripped':
      return 'no STARTTLS';
    case 'untrusted':
    case 'intercepted':
      return 'untrusted';
    default:
      return peer;
  }
}

/** Layers between which no peer tells a difference beyond what others show, by what is the same about them. */
const families: Readonly<Record<keyof typeof layers, string | null>> = {
  none: 'nothing required',
  'MTA-STS testing': 'nothing required',
  'route encrypt': 'operator encrypt',
  'override encrypt': 'operator encrypt',
  'route authenticate': 'operator authenticate',
  'rule authenticate': 'operator authenticate',
  'override authenticate': 'operator authenticate',
  'override may': 'operator lowers',
  'override *': 'operator lowers',
  DANE: 'DANE',
  'DANE + MTA-STS': 'DANE',
  'DANE unusable': 'DANE unusable',
  'half-DANE': 'half-DANE',
  'MTA-STS': 'MTA-STS',
  // To a host that is the right one they ask the same.
  list: 'MTA-STS',
  'list testing': 'nothing required',
  // Whatever is shown matches nothing, or nobody is asked.
  'DANE mismatch': null,
  'DANE bogus': null,
  'MTA-STS unlisted': null,
  'list without host': null,
  'mismatch + MTA-STS': null,
};

describe('the table', () => {
  const missing = (one: readonly string[], other: readonly string[], has: ReadonlySet<string>): string[] =>
    one.flatMap((a) => other.map((b) => `${a} × ${b}`)).filter((pair) => !has.has(pair));
  const conducts = [...new Set(allRows.map(({ peer }) => conductOf(peer)))];

  it('has every pair of demand and conduct', () => {
    const has = new Set(allRows.map(({ layer, peer }) => `${families[layer]} × ${conductOf(peer)}`));
    const all = [...new Set(Object.values(families).filter((one) => one !== null))];
    assert.deepEqual(missing(all, conducts, has), []);
  });

  it('has every pair of demand and message', () => {
    const has = new Set(allRows.map(({ layer, message }) => `${layer} × ${message}`));
    const all = Object.keys(layers).filter((one) => one !== 'mismatch + MTA-STS');
    assert.deepEqual(missing(all, Object.keys(messages), has), []);
  });

  it('has every pair of conduct and message', () => {
    const has = new Set(allRows.map(({ peer, message }) => `${conductOf(peer)} × ${message}`));
    assert.deepEqual(missing(conducts, Object.keys(messages), has), []);
  });

  it('stands in docs/scenarios.md', () => {
    const path = join(import.meta.dirname, '..', '..', 'docs', 'scenarios.md');
    const page = readFileSync(path, 'utf8');
    const at = page.indexOf('\n| who demands |') + 1;
    assert.ok(at > 0, 'the page has no table');
    const text = `${legendText()}\n${tableText(allRows)}`;
    if (process.env['SCENARIOS'] === 'write') writeFileSync(path, `${page.slice(0, at)}${text}`);
    else assert.equal(page.slice(at), text);
  });
});
