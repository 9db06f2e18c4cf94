import { Outlet, Link } from '@tanstack/react-router'
import { useSession } from '../api/queries/session'
import { AccountMenu } from './AccountMenu'
import { Banners } from './Banners'
import { GlobalSearch } from './GlobalSearch'
import { Nav } from './Nav'
import { ThemeMenu } from './ThemeMenu'

/** Title bar, rooms on the left, the page. */
export function Shell() {
  const session = useSession().data
  return (
    <div className="shell">
      <a className="skip link" href="#main" onClick={(event) => { event.preventDefault(); document.getElementById('main')?.focus() }}>
        Skip to the page
      </a>
      <header className="topbar">
        <Link to="/devices" className="brand"><img src="/favicon.svg" alt="" />Palisade</Link>
        <span className="muted small tenant">{session?.tenant.name}</span>
        <GlobalSearch />
        <span className="topbar-end">
          <ThemeMenu />
          <AccountMenu />
        </span>
      </header>
      <Nav />
      <main id="main" className="shell-main" tabIndex={-1}>
        <Banners />
        <Outlet />
      </main>
    </div>
  )
}
