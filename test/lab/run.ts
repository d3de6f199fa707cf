/** Brings the lab up in the foreground and says what is where: `npm run lab`, or `npm run lab -- --no-mail`. */
import { relative } from 'node:path';
import { parseArgs } from 'node:util';
import { mailServerNames } from './build/certificates.ts';
import { type Lab, startLab } from './lab.ts';
import { mailDomains } from './zones/mail.ts';
import { questions, zones } from './zones.ts';

const { values } = parseArgs({ options: { 'no-mail': { type: 'boolean', default: false } } });
const begun = Date.now();
process.stdout.write('The lab is coming up; the first time its zones are signed …\n');
try {
  const lab = await startLab({ mail: values['no-mail'] ? [] : mailServerNames });
  process.stdout.write(told(lab, (Date.now() - begun) / 1000));
  await aSignal();
  await lab.close();
  process.stdout.write('\nThe lab is down.\n');
} catch (error) {
  const because = error instanceof Error ? error.message : String(error);
  process.stderr.write(`The lab cannot be had here: ${because}\n`);
  process.exitCode = 1;
}

function aSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}

function told(up: Lab, seconds: number): string {
  const anchorFile = relative(process.cwd(), up.anchorFile);
  const dns = `--resolver ${up.resolver.address} --trust-anchor ${anchorFile}`;
  const resolve = (name: string, type: string): string => `  ./waxwing resolve ${dns} ${name} ${type}\n`;
  const names = new Set(mailDomains.map(({ name }) => name));
  return [
    `\nUp at ${up.address(0)}/24 after ${seconds.toFixed(1)} s. Ctrl-C takes it down.\n`,
    '\nResolvers, port 53\n',
    row(up.resolvers.validating.address, 'unbound, validates from the lab’s root'),
    row(up.resolvers.plain.address, 'unbound, hands the records of DNSSEC on and looks at none'),
    row(up.resolvers.stripping.address, 'unbound, loses all of DNSSEC'),
    '\nServers of zones\n',
    ...Object.entries(up.authorities.addresses).map(([name, address]) => row(address, name)),
    '\nTo be trusted\n',
    row('root of the DNS', anchorFile),
    row('certificates', relative(process.cwd(), up.authorityFile)),
    '\nMail servers, port 25, and policies, port 443\n',
    ...Object.entries(up.mail).map(([name, { way }]) => row(way.address, name)),
    ...(up.mail.postfix === undefined
      ? []
      : [
          row(up.address(29), 'the way to Postfix with somebody on it who strips STARTTLS'),
          row(up.address(30), 'the way to Postfix with somebody on it who shows his own certificate'),
        ]),
    row(up.policyHosts.address, 'mta-sts. of all domains with a policy'),
    `\nZones (${zones.length}, ${questions.length} questions in test/lab/zones)\n`,
    ...zones.filter(({ name }) => !names.has(name)).map(({ name, shows }) => row(name, shows)),
    '\nDomains that get mail\n',
    ...mailDomains.map(({ name, shows }) => row(name, shows)),
    '\nTry\n',
    resolve('www.p256.test', 'A'),
    resolve('nothing.p384.test', 'A'),
    resolve('_25._tcp.mx.dane-alias.test', 'TLSA'),
    resolve('www.unsigned.test', 'A'),
    resolve('www.expired.test', 'A'),
    resolve('altered.broken.test', 'A'),
    '\n',
  ].join('');
}

function row(left: string, right: string): string {
  return `  ${left.padEnd(26)} ${right}\n`;
}
