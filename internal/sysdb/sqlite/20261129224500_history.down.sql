DROP TABLE `entwine_history`;
