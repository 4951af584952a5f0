/** Before each file of the run that is about the embedded shape with Redis. */
process.env.SHAPE = 'embedded-redis';
