from governance.models.wall_keys import WallKey

__all__ = ["WallKey"]
