"""`pip install .`: the library and the command `picosam`, for people without ROS.

Name, version, description, licence, maintainer and addresses stand in package.xml only. The build
for ROS is CMakeLists.txt; colcon takes the package as ament_cmake, as package.xml says.
"""

from pathlib import Path
from xml.etree import ElementTree

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
MANIFEST = ElementTree.parse(ROOT / 'package.xml').getroot()
URLS = {url.get('type'): url.text for url in MANIFEST.findall('url')}


def requirements() -> list[str]:
    """Return what the package needs to run."""
    lines = (ROOT / 'requirements' / 'runtime.in').read_text(encoding='utf-8').splitlines()
    return [line for line in lines if line and not line.startswith('#')]


setup(
    name=MANIFEST.findtext('name'),
    version=MANIFEST.findtext('version'),
    description=' '.join(MANIFEST.findtext('description').split()),
    long_description=(ROOT / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    license=MANIFEST.findtext('license'),
    maintainer=MANIFEST.findtext('maintainer'),
    maintainer_email=MANIFEST.find('maintainer').get('email'),
    url=URLS.get('website'),
    project_urls={name: url for name, url in URLS.items() if name != 'website'},
    python_requires='>=3.10',
    packages=find_packages(include=['picosam_ros*']),
    package_data={
        'picosam_ros': [
            'py.typed',
            'cameras/*.json',
            'models/*',
            'models/imx500/*',
            'label_pages/page/*',
            'prompting/page/*',
            'review/page/*',
            'viewer/page/*',
        ]
    },
    # Where a ROS package has them, too: __version__ and picosam bag read them there.
    data_files=[
        ('share/picosam_ros', ['package.xml']),
        ('share/picosam_ros/msg', [str(p.relative_to(ROOT)) for p in ROOT.glob('msg/*.msg')]),
    ],
    install_requires=requirements(),
    extras_require={
        'bag': ['rosbags'],  # picosam bag
        'openvino': ['openvino'],  # runtime openvino
        'completion': ['shtab'],  # picosam completion
        'docs': ['mkdocs'],  # make docs, for the site
        'label': ['pycocotools', 'rosbags'],  # picosam label
        'ray': ['ray'],  # picosam label --ray
        'viewer': ['aiohttp'],  # the viewer's server
        'video': ['av'],  # H.264 of picosam track
    },
    entry_points={'console_scripts': ['picosam = picosam_ros.cli:main']},
)
