/** What we ship for systemd fits together: the sockets and the configuration, the unit and what the program needs. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loadConfig } from '../../../src/cli/config/load.ts';
import { privilegedPlaces, refuseStrangers } from '../../../src/cli/places.ts';
import { parseHostPort } from '../../../src/names/address.ts';

const folder = join(import.meta.dirname, '../../../packaging');
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

/** Values of a key in a unit, in their order. */
function valuesOf(unit: string, key: string): readonly string[] {
  return unit.split('\n').flatMap((line) => (line.startsWith(`${key}=`) ? [line.slice(key.length + 1)] : []));
}

function config() {
  const loaded = loadConfig({ file: join(folder, 'waxwing.toml'), env: {}, flags: {} });
  assert.ok(loaded.kind === 'ok', JSON.stringify(loaded));
  return loaded.config;
}

function sockets() {
  return valuesOf(read('waxwing.socket'), 'ListenStream').map((text) => {
    const parsed = parseHostPort(text);
    assert.ok(parsed.kind === 'ok' && parsed.value.host.kind === 'ip', text);
    return { address: parsed.value.host.address, port: parsed.value.port, name: 'waxwing.socket' };
  });
}

describe('what is shipped for systemd', () => {
  it('has a listener for each socket', () => {
    assert.equal(sockets().length, 3);
    refuseStrangers({ left: sockets() }, config());
  });

  it('has a socket for each listener that would take root', () => {
    const ports = privilegedPlaces(config()).map((place) => place.kind === 'bind' && place.port);
    assert.deepEqual(ports, [25, 465, 587]);
    assert.deepEqual(
      sockets().map(({ port }) => port),
      ports,
    );
  });

  it('gives the relay more time to stop than its grace takes, for sessions and then for deliveries', () => {
    const [seconds] = valuesOf(read('waxwing.service'), 'TimeoutStopSec');
    assert.ok(Number(seconds) * 1000 > 2 * config().relay.graceMs);
  });

  it('makes the folder in which the pages have sockets of the advisor', () => {
    const unit = read('waxwing.service');
    assert.deepEqual(valuesOf(unit, 'RuntimeDirectory'), ['waxwing']);
    assert.deepEqual(valuesOf(unit, 'RuntimeDirectoryMode'), ['0755']);
    assert.match(read('../docs/advisor.md'), /^socket = "\/run\/waxwing\/exim\.sock"/m);
  });

  it('does not forbid what Node does: compiling while it runs', () => {
    assert.deepEqual(valuesOf(read('waxwing.service'), 'MemoryDenyWriteExecute'), []);
  });
});
