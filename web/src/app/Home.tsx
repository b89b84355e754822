import { Navigate } from 'react-router-dom';
import { roleReaches, useMe } from '@/lib/api/useMe';
import { PAGES } from './pages';

/** The start page: the first one of the navigation that this role has. */
export function Component() {
  const { role } = useMe();
  const page = PAGES.find((one) => roleReaches(role, one.role));
  return page ? <Navigate to={page.path} replace /> : null;
}
