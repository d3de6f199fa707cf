/** What a check goes by where nobody says anything else: every finding as bad as it is, and no requirements beside. */
import type { Profile } from './profile.ts';

export const defaultProfile: Profile = {
  name: 'default',
  title: 'every check, as bad as the policy in force makes it',
  sources: [],
  severities: {},
  others: 'count',
  requirements: [],
};
