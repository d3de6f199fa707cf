/** `waxwing queue check|backup|restore`: whether the queue is whole, and copies of it. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { BackedUp } from '../../store/queue-store.ts';
import { type AskOptions, dataFolderOf, fail, print } from '../ask.ts';
import { addConfigOptions } from '../config/options.ts';
import { messageOf } from '../usage.ts';

export function registerCopies(queue: Command): void {
  addConfigOptions(queue.command('check'))
    .description('Read the whole queue and look for damage, whether or not a relay runs. Changes nothing.')
    .option('--json', 'print JSON')
    .action(check);
  addConfigOptions(queue.command('backup'))
    .description(
      'Write a copy of the queue, the policies and the overrides into a new folder, whether or not a relay runs.',
    )
    .argument('<folder>', 'must not exist yet; where a relay runs, it is the relay that writes it')
    .option('--json', 'print JSON')
    .action(backup);
  addConfigOptions(queue.command('restore'))
    .description(
      'Make a backup the queue, and the policies, of a data folder that has no mail and no running relay.',
    )
    .argument('<folder>', 'the backup')
    .option('--json', 'print JSON')
    .action(restore);
}

async function check(options: AskOptions): Promise<void> {
  const folder = await dataFolderOf(options);
  if (folder === undefined) return;
  const { checkQueue } = await import('../../store/check.ts');
  const result = checkQueue(folder);
  const { findings, messages, open } = result;
  print(options, result, () =>
    findings.length > 0
      ? findings.map((finding) => `damage: ${finding}\n`).join('')
      : `the queue is sound: ${messages} messages, ${open} of them open\n`,
  );
  if (findings.length > 0) process.exitCode = 1;
}

async function backup(to: string, options: AskOptions): Promise<void> {
  const folder = await dataFolderOf(options);
  if (folder === undefined) return;
  const path = resolve(to);
  const { askRelay, errorIn } = await import('../control-client.ts');
  const answer = await askRelay(folder, {
    method: 'POST',
    path: '/backup',
    body: JSON.stringify({ path }),
    patient: true,
  });
  if (answer.kind === 'answered' && answer.status === 200) said(options, answer.body as BackedUp, path);
  else if (answer.kind === 'answered') fail(errorIn(answer.body));
  else if (answer.kind === 'failed') fail(answer.because);
  else await backupHere(folder, path, options);
}

/** No relay runs, so we hold the queue ourselves for as long as it takes. */
async function backupHere(dataFolder: string, path: string, options: AskOptions): Promise<void> {
  const { openDataFolder } = await import('../../store/data-folder.ts');
  const { openQueue } = await import('../../store/open-queue.ts');
  if (!existsSync(join(dataFolder, 'queue.db'))) return fail(`there is no queue in ${dataFolder}`);
  try {
    const folder = openDataFolder(dataFolder);
    try {
      const store = await openQueue(folder);
      try {
        said(options, await store.backup(path), path);
      } finally {
        await store.close();
      }
    } finally {
      folder.close();
    }
  } catch (error) {
    fail(messageOf(error));
  }
}

function said(options: AskOptions, kept: BackedUp, path: string): void {
  print(options, { ...kept, path }, () => `${path} holds ${inWords(kept)}\n`);
}

async function restore(from: string, options: AskOptions): Promise<void> {
  const dataFolder = await dataFolderOf(options);
  if (dataFolder === undefined) return;
  const { openDataFolder } = await import('../../store/data-folder.ts');
  const { restoreQueue } = await import('../../store/backup.ts');
  try {
    const folder = openDataFolder(dataFolder);
    try {
      const kept = restoreQueue(resolve(from), folder);
      print(
        options,
        { ...kept, data: folder.path },
        () =>
          `${folder.path} has ${inWords(kept)}.\n` +
          'What was delivered after the backup was made is delivered again.\n',
      );
    } finally {
      folder.close();
    }
  } catch (error) {
    fail(messageOf(error));
  }
}

function inWords({ messages, open, files, policies }: BackedUp): string {
  const queue = `${messages} messages, ${open} of them open, ${files} with their content in a file`;
  return `${queue}; ${policies ? 'policies and overrides' : 'no policies or overrides'}`;
}
