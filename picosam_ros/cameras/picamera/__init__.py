"""Raspberry Pi cameras through picamera2, with and without a network in the sensor."""
