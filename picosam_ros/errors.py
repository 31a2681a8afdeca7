"""Errors that a user can fix. Each says what was given, what is allowed, and what to do."""


class PicosamError(Exception):
    """Any fault that is told to the user in one sentence."""


class PromptError(PicosamError):
    """A prompt that cannot be answered as it stands."""


class TopicError(PicosamError):
    """A topic that is not there, is several, has another type, or stays silent."""


class ImageError(PicosamError):
    """An image whose description and data do not agree, or whose encoding is unknown."""


class CalibrationError(PicosamError):
    """A calibration or a placement of a camera from which no geometry follows."""


class ModelError(PicosamError):
    """A network file that is missing, damaged, or made for another engine."""


class EngineError(PicosamError):
    """An engine that is unknown, or that cannot run here."""


class CameraError(PicosamError):
    """A camera that cannot be opened, or that stopped giving frames.

    Args:
        text: the sentence.
        retry_s: least seconds until it is worth trying again.

    """

    def __init__(self, text: str = '', retry_s: float = 0.0) -> None:
        super().__init__(text)
        self.retry_s = retry_s


class EndOfStream(CameraError):
    """A source of finite length has given its last frame."""


class BagError(PicosamError):
    """A recording that cannot be read or written."""


class DatasetError(PicosamError):
    """Images, annotations or answers about them that cannot be used."""


class WorkerError(PicosamError):
    """Processes or machines that cannot be had, or that end before their job is done."""


class YamlError(PicosamError):
    """A YAML file that cannot be read; the sentence names no file.

    Args:
        text: the sentence.
        line: where, from 1 on; the sentence begins with it. 0 if it is of no line.

    """

    def __init__(self, text: str = '', line: int = 0) -> None:
        super().__init__(f'line {line}: {text}' if line else text)
        self.line = line


class OutputError(PicosamError):
    """A file that cannot be written, or must not be: it would overwrite another one."""


class ViewerError(PicosamError):
    """A viewer that cannot be served, or a message of a browser that it does not take."""


def fault_text(error: Exception) -> str:
    """Return the sentence of an expected error; `TypeName: text` of any other exception."""
    return str(error) if isinstance(error, PicosamError) else f'{type(error).__name__}: {error}'
