"""The page in a real browser, through a reverse proxy that serves it in a folder."""

import urllib.error
import urllib.request

import pytest
from helpers.chromium import CHROMIUM_IS_HERE, expect
from helpers.folder_proxy import FolderProxy
from helpers.patient import until
from helpers.viewer_server import OBJECT, PATIENCE, show_a_mask_to_browsers

pytestmark = CHROMIUM_IS_HERE


def is_shown(page):
    expect(page.locator('#connection')).to_have_attribute('data-state', 'live')
    shown = page.locator(f'#objects li[data-object="{OBJECT}"]')
    expect(shown).to_have_attribute('data-state', 'tracked')


def test_in_a_folder_the_page_loads_its_socket_connects_and_a_mask_is_shown(serve, pages):
    served = serve()
    show_a_mask_to_browsers(served)
    with FolderProxy(served.server.port, 'robot1', keeps_host=True) as proxy:
        page = pages.open(proxy.url)
        is_shown(page)
        page.locator('#image').click(position={'x': 100, 'y': 100})
        expect(page.locator('#objects li')).to_have_count(1)
        until(lambda: served.backend.prompts)
        assert proxy.strays == []
        page.close()


def test_a_proxy_that_sends_its_own_host_works_with_the_public_url(serve, pages):
    # The proxy's port is not known before it runs, and its server's not before that runs.
    with FolderProxy(0, 'robot1', keeps_host=False) as proxy:
        served = serve(public_url=proxy.url)
        proxy._port = served.server.port
        show_a_mask_to_browsers(served)
        assert served.server.link == proxy.url
        page = pages.open(proxy.url)
        is_shown(page)
        assert proxy.strays == []
        page.close()


def test_a_proxy_that_sends_its_own_host_is_told_what_to_set(serve):
    served = serve()
    with FolderProxy(served.server.port, 'robot1', keeps_host=False) as proxy:
        origin = {'Origin': proxy.url.removesuffix('/robot1/')}
        request = urllib.request.Request(f'{proxy.url}socket', headers=origin)
        with pytest.raises(urllib.error.HTTPError, match='403') as refused:
            urllib.request.urlopen(request, timeout=PATIENCE)
        assert 'proxy_set_header Host $http_host' in refused.value.read().decode()


def test_a_token_is_kept_for_its_folder_alone(serve, pages):
    with FolderProxy(0, 'robot1', keeps_host=True) as proxy:
        served = serve(address='0.0.0.0', public_url=proxy.url)
        proxy._port = served.server.port
        show_a_mask_to_browsers(served)
        page = pages.open(served.server.link)
        is_shown(page)
        assert page.url == proxy.url
        [cookie] = page.context.cookies(proxy.url)
        assert cookie['path'] == '/robot1'
        assert proxy.strays == []
        page.close()
