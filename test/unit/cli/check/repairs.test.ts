import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { repairsOf } from '../../../../src/cli/check/repairs.ts';
import { countsOf } from '../../../../src/cli/check/words.ts';
import { reported } from './samples.ts';

type Change = Parameters<typeof reported>[0];
const at = (host: string, address = '192.0.2.1') => ({ host, address, port: 25 });
const short = (...changes: readonly Change[]) =>
  repairsOf(changes.map((change) => reported(change))).map(({ finding, severity, consequences, first }) => ({
    id: finding.id,
    severity,
    too: consequences.map((one) => one.finding.id),
    first,
  }));

describe('repairs', () => {
  it('are one for a fault and for what comes of it', () => {
    assert.deepEqual(
      short(
        { id: 'mtasts.mx-cert-invalid', severity: 'critical', scope: at('mx1.example.test') },
        { id: 'cert.expired', severity: 'low', scope: at('mx1.example.test') },
        { id: 'mtasts.dane-conflict', severity: 'low', scope: { domain: 'example.test' } },
      ),
      [
        {
          id: 'cert.expired',
          severity: 'critical',
          too: ['mtasts.mx-cert-invalid', 'mtasts.dane-conflict'],
          first: [],
        },
      ],
    );
  });

  it('are counted by faults, each by the worst that comes of it', () => {
    const findings = [
      reported({ id: 'mtasts.mx-cert-invalid', severity: 'critical' }),
      reported({ id: 'cert.expired', severity: 'low' }),
    ];
    assert.equal(countsOf(repairsOf(findings)), '1 critical');
  });

  it('are two where the same is wrong at two hosts, or at two addresses', () => {
    for (const other of [at('mx2.example.test'), at('mx1.example.test', '192.0.2.9')]) {
      assert.deepEqual(
        short(
          { id: 'mtasts.mx-cert-invalid', scope: other },
          { id: 'cert.expired', scope: at('mx1.example.test') },
        ).map(({ too }) => too),
        [[], []],
      );
    }
  });

  it('are not hidden behind what is only known, or fine, or not tested', () => {
    for (const change of [{ severity: 'info' }, { state: 'pass' }, { state: 'not-tested' }] as const) {
      const ids = short({ id: 'mtasts.mx-cert-invalid' }, { id: 'cert.expired', ...change });
      assert.deepEqual(
        ids.map(({ id }) => id),
        ['mtasts.mx-cert-invalid'],
      );
    }
  });

  it('come before what makes senders look at them, however slight they are till then', () => {
    assert.deepEqual(
      short(
        { id: 'tls.tls11', severity: 'medium' },
        { id: 'mtasts.record.id', severity: 'high', scope: { domain: 'example.test' } },
        { id: 'cert.name-mismatch', severity: 'low' },
        { id: 'smtp.auth.on-mx', severity: 'low' },
      ).map(({ id, first }) => [id, ...first]),
      [['cert.name-mismatch'], ['mtasts.record.id', 1], ['tls.tls11'], ['smtp.auth.on-mx']],
    );
  });

  it('whatever hides an enforced policy opens the gate that the certificate has to stand before', () => {
    for (const id of ['mtasts.dangling-host', 'mtasts.record.cname', 'mtasts.policy.bom'] as const) {
      const [first] = repairsOf([
        reported({ id, severity: 'high', scope: { domain: 'example.test' } }),
        reported({ id: 'cert.name-mismatch', severity: 'low' }),
      ]);
      assert.equal(first?.finding.id, 'cert.name-mismatch', id);
    }
  });

  it('a consequence comes before it with its cause', () => {
    assert.deepEqual(
      short(
        { id: 'mtasts.policy.redirect', severity: 'high' },
        { id: 'mtasts.mx-no-starttls', severity: 'medium' },
        { id: 'starttls.refused', severity: 'medium' },
      ).map(({ id, first }) => [id, ...first]),
      [['starttls.refused'], ['mtasts.policy.redirect', 1]],
    );
  });

  it('each is there once, whatever waits for what', () => {
    const ids = ['dane.none', 'dane.mismatch', 'starttls.refused', 'mtasts.none', 'dnssec.island'];
    const order = short(...ids.map((id) => ({ id, severity: 'medium' as const }))).map(({ id }) => id);
    assert.deepEqual(order.toSorted(), ids.toSorted());
    assert.ok(order.indexOf('dane.mismatch') < order.indexOf('dane.none'));
    assert.ok(order.indexOf('starttls.refused') < order.indexOf('mtasts.none'));
  });
});
