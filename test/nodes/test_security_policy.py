"""The policy for SROS 2 against what the real nodes open, and against the form that sros2 reads."""

from xml.etree import ElementTree

import pytest
from helpers.harness import Client, Process

# What sros2's policy.xsd allows: children, attributes.
FORM = {
    'policy': ({'contexts'}, {'version'}),
    'contexts': ({'context'}, set()),
    'context': ({'profiles'}, {'path'}),
    'profiles': ({'profile'}, set()),
    'profile': ({'topics', 'services'}, {'ns', 'node'}),
    'topics': ({'topic'}, {'publish', 'subscribe'}),
    'services': ({'service'}, {'reply', 'request'}),
    'topic': (set(), set()),
    'service': (set(), set()),
}
# How rclpy lists a node's names, by the rules of the policy.
LISTS = {
    'publish': 'get_publisher_names_and_types_by_node',
    'subscribe': 'get_subscriber_names_and_types_by_node',
    'reply': 'get_service_names_and_types_by_node',
    'request': 'get_client_names_and_types_by_node',
}
# What a node opens only with a simulated clock, with packages of a whole ROS, or for a browser.
AT_TIMES = {
    '/clock',
    '/parameter_events',
    '/tf',
    '/tf_static',
    '/detections',
    '/image_raw',
    '/camera_info',
    '/diagnostics',
    '/camera/latency',
    '/camera/masks',
}
NODES = {'camera': {'camera': 'photos'}, 'segmenter': {}, 'cloud': {}, 'viewer': {'port': 0}}


@pytest.fixture(scope='module')
def policy(request):
    root = request.config.rootpath
    return ElementTree.parse(root / 'config' / 'security' / 'policy.xml').getroot()


def allowed(policy, enclave, rule):
    """Return the full names that a rule allows an enclave."""
    names = set()
    for profile in policy.findall(f".//context[@path='/picosam/{enclave}']/profiles/profile"):
        for group in profile:
            if group.get(rule) == 'ALLOW':
                names |= {f'/{entry.text.lstrip("/")}' for entry in group}
    return names


def test_the_policy_has_the_form_that_sros2_reads(policy):
    assert policy.tag == 'policy'
    for element in policy.iter():
        children, attributes = FORM[element.tag]
        assert {child.tag for child in element} <= children
        assert set(element.keys()) <= attributes
        if element.tag in ('topics', 'services'):
            assert set(element.attrib.values()) == {'ALLOW'}
        elif attributes:
            assert set(element.keys()) == attributes
        assert bool(children) == (not (element.text or '').strip())


@pytest.mark.parametrize('name', NODES)
def test_a_node_may_do_what_it_does_and_no_more(name, policy):
    with Process(name, NODES[name]) as process:
        client = Client(process)
        assert client.state() == 'active'
        # The graph may have its services before it has its name.
        named = name, process.namespace
        client.wait_for(lambda: named in client.node.get_node_names_and_namespaces())

        def opened(rule):
            found = getattr(client.node, LISTS[rule])(name, process.namespace)
            return {topic.removeprefix(process.namespace) for topic, _ in found}

        def needed(rule):
            own = f'/{name}/label_info', f'/{name}/get_type_description'
            return allowed(policy, name, rule) - AT_TIMES - set(own)

        # Names come one by one: those that are allowed and needed, first.
        for rule in LISTS:
            client.wait_for(lambda rule=rule: needed(rule) <= opened(rule))
            assert opened(rule) <= allowed(policy, name, rule), rule
        client.close()


def test_only_viewer_and_operator_may_prompt_and_the_operator_alone_may_enable_and_calibrate(
    policy,
):
    enclaves = [context.get('path').rpartition('/')[2] for context in policy.iter('context')]

    def may(rule, name):
        return {enclave for enclave in enclaves if name in allowed(policy, enclave, rule)}

    assert may('publish', '/prompt') == {'viewer', 'operator'}
    for service in ('camera/enable', 'segmenter/enable', 'camera/set_camera_info'):
        assert may('request', f'/{service}') == {'operator'}
    for node in NODES:
        assert may('request', f'/{node}/change_state') == {'operator'}
        assert may('request', f'/{node}/set_parameters') == {'operator'}
