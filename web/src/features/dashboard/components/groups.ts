import type { Group } from '../api/outcomes';

export const GROUP_COLOURS: Record<Group, 'success' | 'info' | 'warning' | 'error'> = {
  answered: 'success',
  missed: 'info',
  declined: 'warning',
  failed: 'error',
};
