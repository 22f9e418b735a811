"""A day of incidents under load, in eight hours or in ten minutes: does everything level off?"""
