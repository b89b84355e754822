/* Every page of the navigation: its address, the least role, its group, its icon. A feature adds its
 * line here, its routes in router.tsx, and its name to lib/i18n/<language>/shell.json. */
import type { SvgIconComponent } from '@mui/icons-material';
import type { Role } from '@/lib/api/session';
import type shell from '@/lib/i18n/en/shell.json';
import CampaignOutlined from '@mui/icons-material/CampaignOutlined';
import ContactsOutlined from '@mui/icons-material/ContactsOutlined';
import DashboardOutlined from '@mui/icons-material/DashboardOutlined';
import FactCheckOutlined from '@mui/icons-material/FactCheckOutlined';
import GroupOutlined from '@mui/icons-material/GroupOutlined';
import KeyOutlined from '@mui/icons-material/KeyOutlined';
import ManageAccounts from '@mui/icons-material/ManageAccountsOutlined';
import SettingsOutlined from '@mui/icons-material/SettingsOutlined';

export interface NavPage {
  name: keyof (typeof shell)['page'];
  path: string;
  role: Role;
  group: 'work' | 'results' | 'system';
  icon: SvgIconComponent;
}

export const PAGES: NavPage[] = [
  { name: 'dashboard', path: '/dashboard', role: 'Analyst', group: 'work', icon: DashboardOutlined },
  { name: 'campaigns', path: '/campaigns', role: 'Analyst', group: 'work', icon: CampaignOutlined },
  { name: 'people', path: '/people', role: 'Analyst', group: 'work', icon: ContactsOutlined },
  { name: 'users', path: '/users', role: 'Administrator', group: 'system', icon: GroupOutlined },
  { name: 'keys', path: '/keys', role: 'Administrator', group: 'system', icon: KeyOutlined },
  { name: 'settings', path: '/settings', role: 'Administrator', group: 'system', icon: SettingsOutlined },
  { name: 'audit', path: '/audit', role: 'Administrator', group: 'system', icon: FactCheckOutlined },
  { name: 'account', path: '/account', role: 'Analyst', group: 'system', icon: ManageAccounts },
];
