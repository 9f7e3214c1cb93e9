"""What an angle in degrees means in the losses that bound one."""

import math


def slope(alpha: float) -> float:
    """``4 tan^2(alpha)``; ValueError unless 0 < alpha < 90 degrees."""
    if not 0 < alpha < 90:
        raise ValueError(f"alpha must be between 0 and 90 degrees, not {alpha}")
    return 4 * math.tan(math.radians(alpha)) ** 2
