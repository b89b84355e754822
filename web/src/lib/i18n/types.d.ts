/* Keys are checked by the compiler: a feature adds its two lines here. */
import 'i18next';
import type account from './en/account.json';
import type audit from './en/audit.json';
import type auth from './en/auth.json';
import type campaigns from './en/campaigns.json';
import type common from './en/common.json';
import type dashboard from './en/dashboard.json';
import type keys from './en/keys.json';
import type people from './en/people.json';
import type settings from './en/settings.json';
import type shell from './en/shell.json';
import type terms from './en/terms.json';
import type users from './en/users.json';

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'common';
    resources: {
      account: typeof account;
      audit: typeof audit;
      auth: typeof auth;
      campaigns: typeof campaigns;
      common: typeof common;
      dashboard: typeof dashboard;
      keys: typeof keys;
      people: typeof people;
      settings: typeof settings;
      shell: typeof shell;
      terms: typeof terms;
      users: typeof users;
    };
  }
}
