/** What real servers said, recorded by test/peers/transcripts/run.ts. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { allowedOutcomes } from '../../../../support/scripted-server.ts';
import { cuts, transcriptsIn } from '../../../../support/transcript.ts';
import { replayClient } from './replay.ts';

for (const peer of ['postfix-3.7', 'exim-4.96', 'opensmtpd-7.6', 'dovecot-2.3']) {
  describe(`the SMTP client talks to ${peer} as it did when this was recorded`, () => {
    for (const transcript of transcriptsIn('recorded', peer)) {
      it(`${transcript.name}: ${transcript.title}`, () => {
        for (const size of cuts)
          assert.deepEqual(replayClient(transcript, size), allowedOutcomes(transcript));
      });
    }
  });
}
