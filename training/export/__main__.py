"""`python -m training.export`: checkpoint to ONNX."""

from training.export import main

raise SystemExit(main())
