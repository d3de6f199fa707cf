import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { openEventLogs } from '../../../src/cli/event-logs.ts';
import type { DeliveryEvent } from '../../../src/events/delivery-event.ts';
import { configOf } from './config/support.ts';

const folder = mkdtempSync(join(tmpdir(), 'waxwing-event-logs-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const deferred: DeliveryEvent = {
  event: 'deferred',
  id: 'mwra1czlozpooic7ab',
  at: '2026-11-22T03:28:11.388Z',
  from: 'a@sender.test',
  to: 'b@example.test',
  mx: null,
  reply: null,
  attempt: 1,
  tls: null,
  nextAttemptAt: null,
};
const log = { error: assert.fail };

function configured(name: string, host = 'relay.example.test') {
  const json = join(folder, `${name}.ndjson`);
  const lines = join(folder, `${name}.log`);
  const config = configOf(`hostname = "${host}"\n[events]\nfile = "${json}"\npostfix_log = "${lines}"`);
  return { json, lines, config };
}

describe('the logs of events', () => {
  it('say the same, as JSON and as a Postfix would, with our name up to its first dot', async () => {
    const { json, lines, config } = configured('both');
    const logs = openEventLogs(config, log);
    logs.write([deferred]);
    await logs.close();
    assert.deepEqual(JSON.parse(readFileSync(json, 'utf8')), deferred);
    assert.match(
      readFileSync(lines, 'utf8'),
      /^Nov 2[123] ..:..:11 relay postfix\/smtp\[\d+\]: mwra1czlozpooic7ab: to=<b@example\.test>, .*\n$/,
    );
  });

  it('are both opened anew where somebody has moved them away', async () => {
    const { json, lines, config } = configured('moved', '[192.0.2.1]');
    const logs = openEventLogs(config, log);
    logs.write([deferred]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (const path of [json, lines]) renameSync(path, `${path}.old`);
    logs.reopen();
    logs.write([deferred]);
    await logs.close();
    for (const path of [json, lines, `${json}.old`, `${lines}.old`])
      assert.equal(readFileSync(path, 'utf8').split('\n').length, 2);
    assert.match(readFileSync(lines, 'utf8'), / \[192\.0\.2\.1\] postfix/);
  });

  it('outlive whoever reads stderr', async () => {
    const json = join(folder, 'unread.ndjson');
    const logs = openEventLogs(configOf(`[events]\nfile = "${json}"\npostfix_log = "-"`), log);
    assert.doesNotThrow(() => process.stderr.emit('error', new Error('EPIPE')));
    await logs.close();
  });

  it('write nothing for tools of Postfix where nobody asks for it', async () => {
    const json = join(folder, 'alone.ndjson');
    const logs = openEventLogs(configOf(`[events]\nfile = "${json}"`), log);
    logs.write([deferred]);
    await logs.close();
    assert.equal(readFileSync(json, 'utf8').split('\n').length, 2);
  });
});
