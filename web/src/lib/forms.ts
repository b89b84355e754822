/* What zod says of a wrong value, in the language that is shown. Schemas need no texts of their own
 * for the usual faults. */
import { config } from 'zod/v4/core';
import { i18n } from './i18n/i18n';

export function startForms(): void {
  config({
    // The content security policy forbids making functions of text, which zod would do for speed.
    jitless: true,
    customError: (issue) => {
      if (issue.input === '') return i18n.t('field.required');
      switch (issue.code) {
        case 'invalid_type':
          return issue.expected === 'number' && issue.input != null
            ? i18n.t('field.number')
            : i18n.t('field.required');
        case 'too_small':
          if (issue.origin === 'string') return i18n.t('field.tooShort', { count: Number(issue.minimum) });
          return issue.origin === 'array'
            ? i18n.t('field.required')
            : i18n.t('field.tooSmall', { limit: Number(issue.minimum) });
        case 'too_big':
          return issue.origin === 'string'
            ? i18n.t('field.tooLong', { count: Number(issue.maximum) })
            : i18n.t('field.tooLarge', { limit: Number(issue.maximum) });
        case 'invalid_format':
          return issue.format === 'email' ? i18n.t('field.email') : i18n.t('field.wrong');
        default:
          return i18n.t('field.wrong');
      }
    },
  });
}
