import pytest
from helpers.labelled import Dataset


@pytest.fixture
def dataset(tmp_path):
    return Dataset(tmp_path)
