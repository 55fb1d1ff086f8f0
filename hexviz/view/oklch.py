"""OKLCH to sRGB and the contrast of two colours, by hand.

OKLCH (Björn Ottosson, 2020) is a perceptual space: equal steps of lightness
look equal whatever the hue, so a palette made in it stays even. Contrast is
WCAG 2.2's ratio of relative luminances, 1 to 21.
"""

from __future__ import annotations

import math

__all__ = ["contrast", "hex_at", "hex_of", "luminance"]


def _linear(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    a = chroma * math.cos(math.radians(hue))
    b = chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _encode(channel: float) -> int:
    bounded = min(1.0, max(0.0, channel))
    is_dark = bounded <= 0.0031308
    return round(255 * (12.92 * bounded if is_dark else 1.055 * bounded ** (1 / 2.4) - 0.055))


def hex_of(lightness: float, chroma: float, hue: float) -> str:
    """The sRGB colour ``#rrggbb`` of an OKLCH one: lightness 0..1, chroma 0..~0.3, hue in degrees.

    A colour outside sRGB loses chroma, never lightness or hue.

    >>> hex_of(1, 0, 0), hex_of(0, 0, 0)
    ('#ffffff', '#000000')
    """
    for step in range(11):
        channels = _linear(lightness, chroma * (1 - step / 10), hue)
        if all(-1e-4 <= channel <= 1 + 1e-4 for channel in channels):
            break
    return "#" + "".join(f"{_encode(channel):02x}" for channel in channels)


def hex_at(other: str, ratio: float, chroma: float, hue: float) -> str:
    """The colour of a hue that is lighter than another one by a contrast, or darker (below 1).

    >>> round(contrast(hex_at("#ffffff", 1 / 2, 0.05, 120), "#ffffff"), 1)
    2.0
    """
    wanted = (luminance(other) + 0.05) * ratio - 0.05
    low, high = 0.0, 1.0
    for _ in range(12):
        middle = (low + high) / 2
        if luminance(hex_of(middle, chroma, hue)) < wanted:
            low = middle
        else:
            high = middle
    return hex_of(high if ratio > 1 else low, chroma, hue)


def luminance(colour: str) -> float:
    """Relative luminance, 0 (black) to 1 (white), of ``#rrggbb``."""

    def decode(at: int) -> float:
        encoded = int(colour[at : at + 2], 16) / 255
        return encoded / 12.92 if encoded <= 0.04045 else ((encoded + 0.055) / 1.055) ** 2.4

    return 0.2126 * decode(1) + 0.7152 * decode(3) + 0.0722 * decode(5)


def contrast(first: str, second: str) -> float:
    """WCAG contrast ratio of two colours.

    >>> round(contrast("#000000", "#ffffff"))
    21
    """
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
