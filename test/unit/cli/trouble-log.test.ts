import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { troubleLog } from '../../../src/cli/trouble-log.ts';
import { StoreError } from '../../../src/store/store-error.ts';

const full = new StoreError('full', 'almost full');

function scene() {
  const lines: string[] = [];
  const rings: (() => void)[] = [];
  const write =
    (level: string) =>
    (...said: readonly unknown[]): void =>
      void lines.push(`${level}: ${String(said.at(-1))}`);
  const tell = troubleLog({ error: write('error'), info: write('info') }, (ms, ring) => {
    assert.equal(ms, 60_000);
    rings.push(ring);
  });
  const aMinute = (): void => {
    for (const ring of rings.splice(0)) ring();
  };
  return { lines, tell, aMinute };
}

describe('the log of troubles', () => {
  it('a thousand messages that cannot be kept are two lines in a minute', () => {
    const { lines, tell, aMinute } = scene();
    for (let n = 1; n <= 1_000; n++) tell(`message ${n} could not be kept`, full);
    assert.deepEqual(lines, ['error: message 1 could not be kept']);
    aMinute();
    assert.deepEqual(lines.slice(1), [
      'error: it has failed 999 more times within a minute, the last time: message 1000 could not be kept',
    ]);
  });

  it('says once that it is over, and begins anew after that', () => {
    const { lines, tell, aMinute } = scene();
    tell('one', full);
    aMinute();
    aMinute();
    assert.deepEqual(lines, ['error: one', 'info: this has not failed for a minute: one']);
    tell('two', full);
    assert.equal(lines.at(-1), 'error: two');
  });

  it('tells different troubles apart', () => {
    const { lines, tell } = scene();
    const codes = ['ENOSPC', 'EROFS', 'EIO', 'EMFILE'];
    for (const code of [...codes, ...codes]) tell(code, Object.assign(new Error(code), { code }));
    tell('the queue', new StoreError('failed', 'disk I/O error'));
    assert.deepEqual(
      lines,
      [...codes, 'the queue'].map((one) => `error: ${one}`),
    );
  });

  it('is bounded where each error says something else', () => {
    const { lines, tell } = scene();
    for (let n = 1; n <= 1_000; n++) tell('it', new StoreError('failed', `file ${n} cannot be opened`));
    assert.equal(lines.length, 21);
  });

  it('what concerns one thing only is told each time', () => {
    const { lines, tell } = scene();
    for (const error of [new StoreError('refused', 'taken'), new Error('ours'), 'text']) {
      tell('it', error);
      tell('it', error);
    }
    assert.equal(lines.length, 6);
  });
});
