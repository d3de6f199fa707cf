#!/usr/bin/env node
// This file runs on Node releases that cannot run the rest: it imports nothing before it has looked.
const OLDEST_NODE = 24;

if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE) {
  console.error(
    `waxwing needs Node.js ${OLDEST_NODE} or newer; this is ${process.version} (${process.execPath}).`,
  );
  process.exitCode = 1;
} else {
  if (process.argv[2] === 'serve' || process.argv[2] === 'gateway') {
    // Reading the modules takes a while, in which an operator may well reload what he has just started.
    const { catchSignals } = await import('./signals.ts');
    catchSignals();
  }
  const { main } = await import('./main.ts');
  // By a link of one of these names it is what other programs expect of a mail system.
  const name = (process.argv[1] ?? '').replace(/^.*\//, '');
  const command = /^(?:sendmail|mailq|newaliases)$/.test(name) ? [name] : [];
  await main([...command, ...process.argv.slice(2)]);
}
