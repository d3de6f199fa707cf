/** Haraka as a relay for the benches: fetched from the registry that npm uses, run from a private folder. */
import { startHaraka } from '../../test/peers/support/haraka.ts';
import { children } from './processes.ts';
import type { Relay, StartRelay, Task } from './relays.ts';

/**
 * Haraka with as many processes as cores, nothing in it but what the task needs.
 *
 * It opens a connection for each message, and has no way to demand TLS but for hosts in a list, which it can then verify.
 */
export const haraka: StartRelay = async ({ sink, tls, deliver, authority }: Task): Promise<Relay> => {
  const pair = await authority.issue({ names: ['127.0.0.1', 'haraka.test'] });
  const before = await children();
  const running = await startHaraka({
    trust: authority.certPem,
    processes: 'cpus',
    files: {
      'config/plugins': 'tls\nbench\n',
      'config/tls_key.pem': pair.keyPem,
      'config/tls_cert.pem': pair.certPem,
      'config/outbound.ini': `[main]\nenable_tls=${tls !== 'none'}\nlocal_mx_ok=true\nconcurrency_max=100\n`,
      'config/tls.ini': `[outbound]\n${tls === 'verified' ? 'force_tls_hosts[]=sink.test\n' : 'rejectUnauthorized=false\n'}`,
      'plugins/bench.js': plugin(sink, deliver),
    },
  });
  return {
    port: running.port,
    roots: (await children()).difference(before),
    log: running.log,
    close: running.close,
  };
};

/** Nobody is looked up, whoever connects may relay, and mail for everywhere goes to the sink. */
function plugin(sink: number, deliver: Task['deliver']): string {
  const answer =
    deliver === 'keep'
      ? 'DENYSOFT'
      : `OK, { exchange: '127.0.0.1', from_dns: 'sink.test', port: ${sink}, priority: 0 }`;
  return `
exports.hook_lookup_rdns = (next) => next(OK, 'source.test');
exports.hook_connect = (next, connection) => { connection.relaying = true; next(); };
exports.hook_get_mx = (next) => next(${answer});
`;
}
